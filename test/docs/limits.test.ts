/** docs/limits.md has every limit, once, with the default that holds. */
import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { limitDefaults } from '../../src/actors/node/limits.js'

const page = readFileSync(fileURLToPath(new URL('../../../docs/limits.md', import.meta.url)), 'utf8')
const rows = [...page.matchAll(/^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|([^|]*)\|([^|]*)\|$/gm)].map(([, name = '', unit = '', value = '', why = '']) => ({ name, unit, value, why }))

const written = (value: number | boolean): string => value === Infinity ? 'none' : typeof value === 'number' ? value.toLocaleString('en-US') : String(value)

describe('docs/limits.md', () => {
  it('has every limit of the code, and no other', () => {
    expect(rows.map(({ name }) => name).sort()).to.deep.equal(Object.keys(limitDefaults).sort())
  })

  for (const [name, value] of Object.entries(limitDefaults)) {
    it(`${name} is ${written(value)}`, () => { expect(rows.find(row => row.name === name)?.value).to.equal(written(value)) })
  }
})
