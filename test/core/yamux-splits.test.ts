/** Yamux in pieces: every split of recorded sessions gives the same result, and none is hurt by an end anywhere. */
import { expect } from 'chai'
import { SeededRandom } from '../../src/runtime/random.js'
import { everySplit, randomPieces } from './support/splits.js'
import { longSessions, observeYamux, recordedSessions } from './support/yamux-sessions.js'

describe('yamux in pieces', () => {
  for (const session of recordedSessions()) {
    it(`sees no difference between splits of ${session.name} (${session.bytes.length} bytes)`, () => {
      const whole = observeYamux(session, [session.bytes])
      for (const { name, split } of everySplit(session.bytes)) {
        const seen = observeYamux(session, split)
        if (seen !== whole) throw new Error(`in ${name}:\n${seen}\ninstead of\n${whole}`)
      }
    })

    it(`waits when ${session.name} is cut off anywhere`, () => {
      for (let length = 0; length < session.bytes.length; length++) {
        const { failure } = JSON.parse(observeYamux(session, [session.bytes.slice(0, length)])) as { failure?: unknown }
        expect(failure, `cut after ${length}`).to.equal(undefined)
      }
    })
  }

  for (const session of longSessions()) {
    it(`sees no difference between random splits of ${session.name} (${session.bytes.length} bytes)`, () => {
      const whole = observeYamux(session, [session.bytes])
      for (let seed = 1; seed <= 5; seed++) {
        const split = randomPieces(session.bytes, new SeededRandom(seed), 100_000)
        expect(observeYamux(session, split) === whole, `seed ${seed}`).to.equal(true)
      }
    })
  }
})
