import { expect } from 'chai'
import { allOf, countOf, itself, oneOf, withOne, withoutOne, type Few } from '../../src/runtime/few.js'

interface Entry { readonly key: number }

const keyOf = ({ key }: Entry): number => key
const [one, two, three, otherTwo]: readonly Entry[] = [{ key: 1 }, { key: 2 }, { key: 3 }, { key: 2 }]

describe('few', () => {
  it('is nothing, the entry, or a map', () => {
    let few: Few<number, Entry> = null
    few = withOne(few, one!, keyOf)
    expect(few).to.equal(one)
    few = withOne(few, two!, keyOf)
    expect(few).to.be.instanceOf(Map)
    few = withoutOne(few, one!, keyOf)
    expect(few).to.equal(two)
    expect(withoutOne(few, two!, keyOf)).to.equal(null)
  })

  it('finds by key, and keeps the order', () => {
    let few: Few<number, Entry> = null
    for (const entry of [three!, one!, two!]) few = withOne(few, entry, keyOf)
    expect(allOf(few)).to.deep.equal([three, one, two])
    expect(countOf(few)).to.equal(3)
    expect(oneOf(few, 2, keyOf)).to.equal(two)
    expect(oneOf(few, 4, keyOf)).to.equal(undefined)
    expect([countOf(null), countOf(one!), allOf(null), allOf(one!)]).to.deep.equal([0, 1, [], [one]])
  })

  it('puts an entry in the place of another with its key, and takes out only what it was given', () => {
    expect(withOne<number, Entry>(two!, otherTwo!, keyOf)).to.equal(otherTwo)
    expect(withoutOne<number, Entry>(two!, otherTwo!, keyOf)).to.equal(two)
    let few: Few<number, Entry> = withOne<number, Entry>(withOne<number, Entry>(one!, two!, keyOf), otherTwo!, keyOf)
    expect(oneOf(few, 2, keyOf)).to.equal(otherTwo)
    few = withoutOne(few, two!, keyOf)
    expect(countOf(few)).to.equal(2)
  })

  it('is a set of what is its own key', () => {
    let few: Few<Entry, Entry> = null
    for (const entry of [one!, one!, two!]) few = withOne(few, entry, itself)
    expect(allOf(few)).to.deep.equal([one, two])
  })

  it('does as a map does, whatever is done', () => {
    const map = new Map<number, Entry>()
    let few: Few<number, Entry> = null
    let seed = 7
    for (let i = 0; i < 2000; i++) {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
      const entry = { key: (seed >> 8) % 4 }
      if ((seed >> 16) % 3 > 0) {
        map.set(entry.key, entry)
        few = withOne(few, entry, keyOf)
      } else {
        const there: Entry | undefined = oneOf(few, entry.key, keyOf)
        expect(there).to.equal(map.get(entry.key))
        map.delete(entry.key)
        if (there !== undefined) few = withoutOne(few, there, keyOf)
      }
      expect(allOf(few)).to.deep.equal([...map.values()])
    }
  })
})
