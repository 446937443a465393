import { expect } from 'chai'
import { BufferPool } from '../../../src/runtime/bytes/pool.js'

describe('BufferPool', () => {
  it('gives a buffer out again, and makes none before it must', () => {
    const pool = new BufferPool(64)
    expect(pool.idleBytes).to.equal(0)
    const one = pool.take()
    expect(one).to.have.length(64)
    pool.give(one)
    expect(pool.take()).to.equal(one)
    expect(pool.take()).to.not.equal(one)
    expect(pool.inUse).to.equal(2)
  })

  it('keeps no more than it was told', () => {
    const pool = new BufferPool(64, 2)
    const all = [pool.take(), pool.take(), pool.take()]
    for (const buffer of all) pool.give(buffer)
    expect(pool.idleBytes).to.equal(128)
    expect(pool.inUse).to.equal(0)
  })

  it('refuses what is not one of its buffers, and sizes that are none', () => {
    const pool = new BufferPool(64)
    expect(() => pool.give(new Uint8Array(63))).to.throw(RangeError)
    expect(() => new BufferPool(0)).to.throw(RangeError)
    expect(() => new BufferPool(1.5)).to.throw(RangeError)
    expect(() => new BufferPool(1, -1)).to.throw(RangeError)
  })
})
