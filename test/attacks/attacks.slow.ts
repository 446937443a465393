/**
 * All attacks, one after the other, at a node with its default limits; see `attacks.ts` for the pass rule. In a slice
 * (TROUPE_SLOW_SECONDS) each is shorter, and those that wait for deadlines are left out. TROUPE_WRITE_ATTACKS=1 writes the figures of
 * a whole run into `docs/security.md`.
 */
import { expect } from 'chai'
import { Arena, type Outcome } from './support/arena.js'
import { attacks } from './support/attacks.js'
import { figureOf, writeTable } from './support/table.js'

const slice = Number(process.env['TROUPE_SLOW_SECONDS'])

describe('attacks', function () {
  this.timeout(180_000)
  const outcomes: Outcome[] = []
  let arena: Arena
  let begun = 0

  before(async () => {
    begun = performance.now()
    arena = await Arena.open()
  })

  after(async () => {
    await arena.close()
    if (process.env['TROUPE_WRITE_ATTACKS'] === '1') writeTable(outcomes)
  })

  for (const attack of attacks) {
    if (slice > 0 && attack.patient === true) continue
    it(`${attack.id}: ${attack.what}`, async function () {
      // A slice ends when its time is up; the whole has none, and leaves nothing out.
      if (slice > 0 && performance.now() - begun > 1000 * slice) return this.skip()
      const outcome = await arena.attack(attack, slice > 0 ? 500 : Infinity)
      outcomes.push(outcome)
      console.log(`      ${figureOf(outcome)}; attacker at ${(100 * outcome.attackerCpu).toFixed(0)} % of a processor`)
      expect(outcome.faults, attack.id).to.deep.equal([])
    })
  }
})
