/**
 * Every case with every pair, in both directions, and the matrix of it at the end.
 *
 *   TROUPE_WRITE_MATRIX=1   writes the matrix into README.md, between its two marker comments
 *   TROUPE_INTEROP=js,go    only pairs of these; else Troupe with each, and each with Troupe
 */
import type { Context } from 'mocha'
import { cases, keyCase, notApplicable, type Case } from './cases.js'
import { keyTypes, type Side } from './control.js'
import { buildForeign, foreignNames, startForeign, type ForeignName, type SideOptions } from './foreign.js'
import { Matrix } from './matrix.js'

const buildMs = 15 * 60_000
const caseMs = 120_000

const matrix = new Matrix()

describe('interop', function () {
  this.timeout(caseMs)

  for (const [dialer, listener] of pairs()) {
    const pair = `${dialer} → ${listener}`
    describe(pair, () => {
      const sides: Side[] = []

      before(async function () {
        this.timeout(buildMs)
        await mustBeThere(this, dialer, listener)
        sides.push(await start(dialer), await start(listener))
        sides.forEach(side => matrix.meet(side))
      })

      after(async () => {
        await Promise.all(sides.map(async side => { await side.stop() }))
      })

      for (const each of cases) {
        it(each.name, async () => {
          await fill(pair, each.name, each, sides[0]!, sides[1]!)
        })
      }
    })

    for (const keyType of keyTypes) {
      const row = `${keyType} keys`
      const why = notApplicable(keyType, [dialer, listener])
      if (why !== undefined) {
        before(() => matrix.exclude(pair, row, why))
        continue
      }
      it(`${pair}: ${row}`, async function () {
        await mustBeThere(this, dialer, listener)
        const sides = await Promise.all([start(dialer, { keyType }), start(listener, { keyType })])
        try {
          await fill(pair, row, keyCase, ...sides)
        } finally {
          await Promise.all(sides.map(async side => { await side.stop() }))
        }
      })
    }
  }

  after(() => {
    console.log(`\n${matrix.toString()}\n`)
    if (process.env['TROUPE_WRITE_MATRIX'] === '1') matrix.writeInto('README.md')
  })
})

function pairs (): ReadonlyArray<readonly [string, string]> {
  const named = process.env['TROUPE_INTEROP']?.split(',')
  const names = named ?? ['troupe', ...foreignNames]
  return names.flatMap(one => names.filter(other => other !== one).map(other => [one, other] as const))
    .filter(pair => named !== undefined || pair.includes('troupe'))
}

async function start (name: string, options: SideOptions = {}): Promise<Side> {
  return await startForeign(name as ForeignName, options)
}

async function mustBeThere (context: Context, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (name !== 'troupe' && !await buildForeign(name as ForeignName)) context.skip()
  }
}

/** Runs a case, and says in its cell how it went. */
async function fill (pair: string, row: string, { run }: Case, dialer: Side, listener: Side): Promise<void> {
  try {
    const figure = await run(dialer, listener)
    matrix.set(pair, row, figure === '' ? 'yes' : figure)
  } catch (error) {
    matrix.set(pair, row, '**no**')
    // The next case begins anew.
    await dialer.run('hang-up', { peer: listener.peerId }).catch(() => {})
    for (const side of [dialer, listener]) if (side.said() !== '') console.error(`${side.name} said:\n${side.said()}`)
    throw error
  }
}
