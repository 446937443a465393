/**
 * All attacks, one after the other, at nodes with their default limits; see `attacks.ts` for the pass rule. TROUPE_WRITE_ATTACKS=1
 * writes the figures into `docs/security.md`.
 */
import { expect } from 'chai'
import { Arena, type Outcome } from './support/arena.js'
import { attacks } from './support/attacks.js'
import { figureOf, writeTable } from './support/table.js'

for (const loopback of [false, true]) {
  describe(`attacks${loopback ? ', with limits that hold for loopback addresses too' : ''}`, function () {
    this.timeout(120_000)
    const outcomes: Outcome[] = []
    let arena: Arena

    before(async () => { arena = await Arena.open(loopback) })

    after(async () => {
      await arena.close()
      if (process.env['TROUPE_WRITE_ATTACKS'] === '1') writeTable(outcomes)
    })

    for (const attack of attacks.filter(attack => (attack.loopback === true) === loopback)) {
      it(`${attack.id}: ${attack.what}`, async () => {
        const outcome = await arena.attack(attack)
        outcomes.push(outcome)
        console.log(`      ${figureOf(outcome)}; attacker at ${(100 * outcome.attackerCpu).toFixed(0)} % of a processor`)
        expect(outcome.faults, attack.id).to.deep.equal([])
      })
    }
  })
}
