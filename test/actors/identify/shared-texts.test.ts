import { expect } from 'chai'
import { SharedTexts } from '../../../src/actors/identify/shared-texts.js'

describe('shared texts', () => {
  it('gives the first of equal lists to all, and nobody can change it', () => {
    const shared = new SharedTexts()
    const list = shared.list(['/a', '/b'])
    expect(shared.list(['/a', '/b'])).to.equal(list)
    expect(shared.list(['/b', '/a'])).to.deep.equal(['/b', '/a'])
    expect(Object.isFrozen(list)).to.equal(true)
    expect(shared.text('go')).to.equal('go')
    expect([undefined].map(none => shared.text<string | undefined>(none))).to.deep.equal([undefined])
  })

  it('forgets the oldest when there are too many', () => {
    const shared = new SharedTexts(2)
    const first = shared.list(['/1'])
    const second = shared.list(['/2'])
    shared.list(['/3'])
    expect(shared.list(['/2'])).to.equal(second)
    expect(shared.list(['/1'])).to.not.equal(first)
  })
})
