/** The cheap ones of the attacks, shorter where that still means something, and the table of all of them. */
import { expect } from 'chai'
import { Arena } from './support/arena.js'
import { attacks } from './support/attacks.js'
import { described, rows } from './support/table.js'

describe('attacks', function () {
  this.timeout(30_000)
  let arena: Arena

  before(async () => { arena = await Arena.open() })
  after(async () => { await arena.close() })

  for (const id of ['A5', 'A8a', 'A9a', 'A9b', 'A10b', 'A11a', 'A11f', 'A16b', 'A18']) {
    const attack = attacks.find(attack => attack.id === id)!
    it(`${id}: ${attack.what}`, async () => {
      const { faults } = await arena.attack(attack, attack.patient === true ? Infinity : 500)
      expect(faults).to.deep.equal([])
    })
  }
})

describe('docs/security.md', () => {
  it('names each attack, what stops it, and the code; TROUPE_WRITE_ATTACKS=1 writes it anew', () => {
    expect(rows().map(row => row.slice(0, 4))).to.deep.equal(attacks.map(attack => [...described(attack)]))
    for (const [id, , , , figure] of rows()) expect(figure, `figure of ${id}`).to.match(/^p99 /)
  })
})
