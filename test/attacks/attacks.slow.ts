/**
 * All attacks, one after the other, at a node with its default limits; see `attacks.ts` for the pass rule. In a slice
 * (TROUPE_SLOW_SECONDS) they are left out; the fast suite has some. TROUPE_WRITE_ATTACKS=1 writes the figures of a whole run into
 * `docs/security.md`.
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

  before(async () => {
    arena = await Arena.open()
  })

  after(async () => {
    await arena.close()
    if (process.env['TROUPE_WRITE_ATTACKS'] === '1') writeTable(outcomes)
  })

  for (const attack of attacks) {
    it(`${attack.id}: ${attack.what}`, async function () {
      // Half a second is too short for the honest to be sure of an echo, so in a slice of it all some rows were red by chance.
      if (slice > 0) return this.skip()
      const outcome = await arena.attack(attack, Infinity)
      outcomes.push(outcome)
      console.log(`      ${figureOf(outcome)}; attacker at ${(100 * outcome.attackerCpu).toFixed(0)} % of a processor`)
      expect(outcome.faults, attack.id).to.deep.equal([])
    })
  }
})
