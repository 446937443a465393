import { readFileSync } from 'node:fs'

/** Lines of the protocol that an example defines, from `const name = protocol(` to the end of that call; blank ones and comments not counted. */
export function protocolLines (example: URL): number {
  const lines = readFileSync(example, 'utf8').split('\n')
  const from = lines.findIndex(line => /^const \w+ = protocol\(/.test(line))
  const to = lines.findIndex((line, at) => at >= from && /^\}\)/.test(line))
  if (from < 0 || to < 0) throw new Error(`${example.pathname} defines no protocol that could be counted`)
  return lines.slice(from, to + 1).filter(line => !/^\s*(\/\/.*)?$/.test(line)).length
}
