/** Slots for dial attempts: never more than there may be, none lost, nobody forgotten. */
import { expect } from 'chai'
import { DialSlots } from '../../../src/actors/dialer/slots.core.js'
import { SeededRandom } from '../../../src/runtime/random.js'

describe('dial slots', () => {
  it('are granted in order, at once where there is room', () => {
    const slots = new DialSlots({ attempts: 2, attemptsPerPeer: 2 })
    const granted: string[] = []
    const [a, b, c] = ['a', 'b', 'c'].map(name => slots.take(name, () => { granted.push(name) }))
    expect(granted).to.deep.equal(['a', 'b'])
    b![Symbol.dispose]()
    b![Symbol.dispose]()
    expect(granted).to.deep.equal(['a', 'b', 'c'])
    a![Symbol.dispose]()
    c![Symbol.dispose]()
    expect(slots.use).to.deep.equal({ held: 0, ready: 0, peers: 0 })
  })

  it('a peer that has all it may have keeps nobody else waiting', () => {
    const slots = new DialSlots({ attempts: 3, attemptsPerPeer: 1 })
    const granted: string[] = []
    const take = (peer: string, name: string): Disposable => slots.take(peer, () => { granted.push(name) })
    const first = take('p', '1')
    take('p', '2')
    take('q', '3')
    expect(granted).to.deep.equal(['1', '3'])
    first[Symbol.dispose]()
    expect(granted).to.deep.equal(['1', '3', '2'])
  })

  it('hold their bounds and lose none, whatever happens (200 seeds)', () => {
    const peers = ['p0', 'p1', 'p2', 'p3']
    for (let seed = 1; seed <= 200; seed++) {
      const random = new SeededRandom(seed)
      const attempts = 1 + random.int(5)
      const attemptsPerPeer = 1 + random.int(3)
      const slots = new DialSlots({ attempts, attemptsPerPeer })
      const open: Array<{ readonly peer: string, readonly slot: Disposable, held: boolean }> = []
      for (let step = 0; step < 300; step++) {
        if (random.int(2) === 0) {
          const one = { peer: peers[random.int(4)]!, held: false }
          const granted = (): void => { one.held = true }
          open.push(Object.assign(one, { slot: slots.take(one.peer, granted) }))
        } else if (open.length > 0) {
          const [one] = open.splice(random.int(open.length), 1)
          one!.slot[Symbol.dispose]()
        }
        const held = open.filter(one => one.held)
        const of = (peer: string): number => held.filter(one => one.peer === peer).length
        // Half a million times: an assertion for each would take most of ten seconds on a busy machine.
        if (held.length !== slots.use.held || held.length > attempts) expect.fail(`seed ${seed}: ${held.length} of ${attempts} are held, and ${slots.use.held} are said to be`)
        for (const peer of peers) {
          const ofPeer = of(peer)
          if (ofPeer > attemptsPerPeer) expect.fail(`seed ${seed}: ${ofPeer} of ${attemptsPerPeer} are held for ${peer}`)
          const waits = open.some(one => !one.held && one.peer === peer)
          const isFull = ofPeer === attemptsPerPeer || held.length === attempts || ofPeer + slots.use.ready >= attemptsPerPeer
          if (waits && !isFull) expect.fail(`seed ${seed}: ${peer} waits while there is room`)
        }
      }
      for (const { slot } of open) slot[Symbol.dispose]()
      expect(slots.use, `seed ${seed}`).to.deep.equal({ held: 0, ready: 0, peers: 0 })
    }
  })
})
