import { expect } from 'chai'
import { Overload, overloadDefaults, type Cost } from '../../../src/actors/swarm/overload.core.js'

const cost = (path: string, peer: string, cpuMs: number, bytes = 0): Cost => ({ path, peer, cpuMs, bytes })

describe('overload', () => {
  it('sheds nobody of a node that is merely busy', () => {
    const overload = new Overload(overloadDefaults)
    for (let second = 1; second < 20; second++) expect(overload.sample([cost('/1', 'a', second * 1000)], 20)).to.equal(undefined)
  })

  it('sheds the costliest peer when the event loop is late again and again', () => {
    const overload = new Overload({ ...overloadDefaults, lagMs: 100, lagSeconds: 3 })
    const at = (second: number): readonly Cost[] => [cost('/1', 'a', 5000 + second), cost('/2', 'b', second * 300), cost('/3', 'b', second * 400)]
    expect([1, 2].map(second => overload.sample(at(second), 150))).to.deep.equal([undefined, undefined])
    // What was long ago does not count: only the last second.
    const shed = overload.sample(at(3), 150)
    expect([shed?.peer, shed?.paths, shed?.code]).to.deep.equal(['b', ['/2', '/3'], 'limit/cpu'])
    // And then it waits again.
    expect(overload.sample(at(4), 150)).to.equal(undefined)
  })

  it('one second without lag begins the count anew, and without a culprit nobody goes', () => {
    const overload = new Overload({ ...overloadDefaults, lagMs: 100, lagSeconds: 2 })
    const even = (second: number): readonly Cost[] => ['a', 'b', 'c'].map(peer => cost(`/${peer}`, peer, second * 100))
    expect([150, 50, 150, 150, 150].map((lagMs, second) => overload.sample(even(second), lagMs))).to.deep.equal([undefined, undefined, undefined, undefined, undefined])
  })

  it('sheds who holds the most when buffers hold more than they may', () => {
    const overload = new Overload({ ...overloadDefaults, bufferedBytes: 1000 })
    const shed = overload.sample([cost('/1', 'a', 0, 400), cost('/2', 'b', 0, 350), cost('/3', 'b', 0, 300)], 0)
    expect([shed?.peer, shed?.code]).to.deep.equal(['b', 'limit/connection-memory'])
    expect(shed?.text).to.equal('650 of 1050 bytes in buffers, of which there may be 1000')
    expect(overload.sample([cost('/1', 'a', 0, 400)], 0)).to.equal(undefined)
  })
})
