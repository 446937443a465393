/** What stands in an indexed heap, and knows where. */
export interface HeapItem<T> {
  /** Place in the heap, which alone sets it; -1 when not there. */
  index: number
  /** Whether this one comes first. */
  earlierThan (other: T): boolean
}

/**
 * A binary heap in which each item knows its place, so that one can be taken out of the middle in O(log n). The order is a
 * method of the items and no function of the heap's, because the compiler looks through the former also where there are two
 * kinds of heaps.
 */
export class IndexedHeap<T extends HeapItem<T>> {
  private readonly items: T[] = []

  get size (): number {
    return this.items.length
  }

  /** The one that comes before all others. */
  get first (): T | undefined {
    return this.items[0]
  }

  add (item: T): void {
    this.items.push(item)
    this.siftUp(item, this.items.length - 1)
  }

  /** Without effect when it is not there. */
  remove (item: T): void {
    const place = item.index
    if (place < 0) return
    item.index = -1
    const last = this.items.pop()!
    if (last === item) return
    if (place > 0 && last.earlierThan(this.items[(place - 1) >> 1]!)) this.siftUp(last, place)
    else this.siftDown(last, place)
  }

  /** All, in no order. For inspection. */
  list (): readonly T[] {
    return [...this.items]
  }

  private siftUp (item: T, from: number): void {
    const { items } = this
    let place = from
    while (place > 0) {
      const up = (place - 1) >> 1
      const parent = items[up]!
      if (!item.earlierThan(parent)) break
      items[place] = parent
      parent.index = place
      place = up
    }
    items[place] = item
    item.index = place
  }

  private siftDown (item: T, from: number): void {
    const { items } = this
    const { length } = items
    let place = from
    for (;;) {
      let down = 2 * place + 1
      if (down >= length) break
      let child = items[down]!
      if (down + 1 < length && items[down + 1]!.earlierThan(child)) child = items[++down]!
      if (!child.earlierThan(item)) break
      items[place] = child
      child.index = place
      place = down
    }
    items[place] = item
    item.index = place
  }
}
