import { expect } from 'chai'
import { giveBack } from '../../../src/runtime/bytes/give-back.js'

describe('giveBack', () => {
  const canGive = 'transfer' in ArrayBuffer.prototype

  // Node 20 has no way: what is tested is what the Node that runs can do.
  if (canGive) it('frees a buffer that was sent, after some others', () => {
    const bytes = new Uint8Array(8192)
    giveBack(bytes)?.()
    expect(bytes.length).to.equal(8192)
    for (let i = 0; i < 32; i++) giveBack(new Uint8Array(8192))?.()
    expect(bytes.length).to.equal(0)
  })

  it('leaves alone what could not be sent', () => {
    const bytes = new Uint8Array(8192)
    giveBack(bytes)?.(new Error('the network is gone'))
    for (let i = 0; i < 32; i++) giveBack(new Uint8Array(8192))?.()
    expect(bytes.length).to.equal(8192)
  })

  it('does nothing for small buffers, and for a part of one', () => {
    expect(giveBack(new Uint8Array(100))).to.equal(undefined)
    expect(giveBack(new Uint8Array(8192).subarray(0, 8000))).to.equal(undefined)
  })

  if (!canGive) it('does nothing on a Node that has no way', () => {
    expect(giveBack(new Uint8Array(8192))).to.equal(undefined)
  })
})
