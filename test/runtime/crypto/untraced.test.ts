import { expect } from 'chai'
import { untraced } from '../../../src/runtime/crypto/untraced.js'

describe('untraced', () => {
  it('gives what the work gives, whose errors have no trace', () => {
    expect(untraced(() => 7)).to.equal(7)
    expect(untraced(() => new Error('one').stack)).to.equal('Error: one')
  })

  it('leaves errors of others as they were, even when the work throws', () => {
    const before = Error.stackTraceLimit
    expect(() => { untraced(() => { throw new TypeError('two') }) }).to.throw(TypeError, 'two')
    expect(Error.stackTraceLimit).to.equal(before)
    expect(new Error('three').stack).to.match(/\n\s+at /)
  })
})
