import { expect } from 'chai'
import { freeByPort, giveBack } from '../../../src/runtime/bytes/give-back.js'

describe('giveBack', () => {
  it('frees a buffer that was sent, after some others', () => {
    const bytes = new Uint8Array(8192)
    giveBack(bytes)?.()
    expect(bytes.length).to.equal(8192)
    for (let i = 0; i < 40; i++) giveBack(new Uint8Array(8192))?.()
    expect(bytes.length).to.equal(0)
  })

  it('leaves alone what could not be sent', () => {
    const bytes = new Uint8Array(8192)
    giveBack(bytes)?.(new Error('the network is gone'))
    for (let i = 0; i < 40; i++) giveBack(new Uint8Array(8192))?.()
    expect(bytes.length).to.equal(8192)
  })

  it('does nothing for small buffers, and for a part of one', () => {
    expect(giveBack(new Uint8Array(100))).to.equal(undefined)
    expect(giveBack(new Uint8Array(8192).subarray(0, 8000))).to.equal(undefined)
  })
})

describe('freeByPort', () => {
  it('frees all of them at once', () => {
    const buffers = [new ArrayBuffer(8192), new ArrayBuffer(4096)]
    freeByPort(buffers)
    expect(buffers.map(({ byteLength }) => byteLength)).to.deep.equal([0, 0])
  })

  it('throws nothing when one is gone already', () => {
    const buffer = new ArrayBuffer(8192)
    freeByPort([buffer])
    freeByPort([buffer])
    expect(buffer.byteLength).to.equal(0)
  })
})
