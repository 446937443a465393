/** The one priority queue: of timers, and of what happens in a simulated world. */
import { expect } from 'chai'
import fc from 'fast-check'
import { IndexedHeap, type HeapItem } from '../../src/runtime/indexed-heap.js'

class Item implements HeapItem<Item> {
  index = -1
  readonly rank: number
  readonly order: number

  constructor (rank: number, order: number) {
    this.rank = rank
    this.order = order
  }

  earlierThan (other: Item): boolean {
    return this.rank < other.rank || (this.rank === other.rank && this.order < other.order)
  }
}

describe('indexed heap', () => {
  it('gives its items in order, whatever is taken out of its middle', () => {
    // A rank is added, a negative number takes out the item at that place of those that are there.
    fc.assert(fc.property(fc.array(fc.integer({ min: -20, max: 30 }), { maxLength: 150 }), operations => {
      const heap = new IndexedHeap<Item>()
      const model: Item[] = []
      operations.forEach((n, order) => {
        if (n >= 0) {
          const item = new Item(n, order)
          heap.add(item)
          model.push(item)
        } else if (model.length > 0) {
          const [item] = model.splice(-n % model.length, 1)
          heap.remove(item!)
          expect(item!.index).to.equal(-1)
        }
        model.sort((a, b) => a.rank - b.rank || a.order - b.order)
        expect(heap.size).to.equal(model.length)
        expect(heap.first).to.equal(model[0])
        expect(heap.list()).to.have.members(model)
      })
      for (const item of model) {
        expect(heap.first).to.equal(item)
        heap.remove(item)
      }
      expect(heap.first).to.equal(undefined)
    }), { seed: 1 })
  })

  it('leaves alone who is not in it', () => {
    const heap = new IndexedHeap<Item>()
    const inside = new Item(1, 1)
    heap.add(inside)
    heap.remove(new Item(0, 0))
    expect([heap.size, heap.first]).to.deep.equal([1, inside])
  })
})
