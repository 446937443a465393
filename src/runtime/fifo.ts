/** First in, first out, without moving the rest at each `shift`. */
export class Fifo<T> {
  private items: T[] = []
  private head = 0

  get length (): number {
    return this.items.length - this.head
  }

  get first (): T | undefined {
    return this.items[this.head]
  }

  push (item: T): void {
    this.items.push(item)
  }

  /** Call only when there is something. */
  shift (): T {
    const item = this.items[this.head++]!
    if (this.head === this.items.length) this.clear()
    else if (this.head >= 64 && this.head * 2 >= this.items.length) {
      this.items = this.items.slice(this.head)
      this.head = 0
    }
    return item
  }

  /** Puts another in the place of the first. */
  replaceFirst (item: T): void {
    this.items[this.head] = item
  }

  clear (): void {
    this.items = []
    this.head = 0
  }

  * [Symbol.iterator] (): Generator<T> {
    for (let i = this.head; i < this.items.length; i++) yield this.items[i]!
  }
}
