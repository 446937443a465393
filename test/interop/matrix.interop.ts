/**
 * Every case with every pair, in both directions, and the matrix of it at the end.
 *
 *   TROUPE_WRITE_MATRIX=1   writes the matrix into README.md, between its two marker comments
 *   TROUPE_INTEROP=js,go    only pairs of these; else Troupe with each, and each with Troupe
 */
import { cases, keyCase, whyNotWithKeys } from './cases.js'
import { keyTypes, type KeyType, type Side } from './control.js'
import { buildForeign, foreignNames, startForeign, type ForeignName, type SideOptions } from './foreign.js'
import { Matrix } from './matrix.js'
import { startTroupe } from './troupe-side.js'

type SideName = ForeignName | 'troupe'

const buildMs = 12 * 60_000
const caseMs = 120_000

const pairs = chosenPairs().map(([dialer, listener]) => ({ name: `${dialer} → ${listener}`, dialer, listener }))
const keyRow = (keyType: KeyType): string => `${keyType} keys`
const matrix = new Matrix(pairs.map(({ name }) => name), [...cases.map(({ name }) => name), ...keyTypes.map(keyRow)])

describe('interop', function () {
  this.timeout(caseMs)

  for (const { name: pair, dialer, listener } of pairs) {
    describe(pair, () => {
      let sides: readonly Side[] = []
      const startBoth = async (): Promise<void> => { sides = [await start(dialer), await start(listener)] }
      const stopBoth = async (): Promise<void> => { await stopAll(sides) }

      before(async function () {
        this.timeout(buildMs)
        // Its toolchain is not on this machine, which `isThere` has said by name; a build that fails is a failure.
        if (!await isThere(dialer) || !await isThere(listener)) this.skip()
        await startBoth()
        sides.forEach(side => matrix.meet(side))
      })

      afterEach(async function () {
        if (this.currentTest?.state !== 'failed') return
        matrix.set(pair, this.currentTest.title, '**no**')
        for (const side of sides) if (side.said() !== '') console.error(`${side.name} said:\n${side.said()}`)
        // What is left of it must not fail the next.
        await stopBoth()
        await startBoth()
      })

      after(stopBoth)

      for (const { name: row, notApplicable, run } of cases) {
        const why = notApplicable?.([dialer, listener])
        if (why !== undefined) {
          before(() => matrix.exclude(pair, row, why))
          continue
        }
        it(row, async () => {
          matrix.set(pair, row, await run(sides[0]!, sides[1]!) || 'yes')
        })
      }

      for (const keyType of keyTypes) {
        const row = keyRow(keyType)
        const why = whyNotWithKeys(keyType, [dialer, listener])
        if (why !== undefined) {
          before(() => matrix.exclude(pair, row, why))
          continue
        }
        it(row, async () => {
          const keyed = [await start(dialer, { keyType }), await start(listener, { keyType })] as const
          try {
            matrix.set(pair, row, await keyCase.run(...keyed) || 'yes')
          } finally {
            await stopAll(keyed)
          }
        })
      }
    })
  }

  after(() => {
    console.log(`\n${matrix.toString()}\n`)
    if (process.env['TROUPE_WRITE_MATRIX'] === '1') matrix.writeInto('README.md')
  })
})

/** Each with each: Troupe with every other, unless told otherwise. */
function chosenPairs (): ReadonlyArray<readonly [SideName, SideName]> {
  const all: readonly SideName[] = ['troupe', ...foreignNames]
  const named = process.env['TROUPE_INTEROP']?.split(',')
  const unknown = named?.filter(name => !all.includes(name as SideName)) ?? []
  if (unknown.length > 0) throw new Error(`TROUPE_INTEROP: no ${unknown.join(', ')}; there are ${all.join(', ')}`)
  const names = all.filter(name => named?.includes(name) ?? true)
  return names.flatMap(one => names.filter(other => other !== one).map(other => [one, other] as const))
    .filter(pair => named !== undefined || pair.includes('troupe'))
}

async function isThere (name: SideName): Promise<boolean> {
  return name === 'troupe' || await buildForeign(name)
}

async function start (name: SideName, options: SideOptions = {}): Promise<Side> {
  return name === 'troupe' ? await startTroupe(options) : await startForeign(name, options)
}

async function stopAll (sides: readonly Side[]): Promise<void> {
  await Promise.all(sides.map(async side => { await side.stop() }))
}
