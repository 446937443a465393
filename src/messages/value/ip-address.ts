/**
 * IP addresses as text. IPv4 is four decimal numbers without leading zeros (some read those as octal); IPv6 is read in every
 * form of RFC 4291, 2.2 and written as RFC 5952 has it, so that equal addresses have equal texts.
 */

/** Undefined when it is no IPv4 address. */
export function parseIp4 (text: string): Uint8Array | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every(part => decimal.test(part))) return undefined
  const numbers = parts.map(Number)
  return numbers.every(number => number < 0x100) ? Uint8Array.from(numbers) : undefined
}

export function printIp4 (bytes: Uint8Array): string {
  return bytes.join('.')
}

/** Undefined when it is no IPv6 address. A zone (`%eth0`) is not part of one: multiaddrs have `ip6zone`. */
export function parseIp6 (text: string): Uint8Array | undefined {
  if (text.length > maxIp6Letters) return undefined
  const halves = text.split('::')
  const [before, after] = halves.map(groupsOf)
  if (before === undefined || halves.length > 2) return undefined
  if (halves.length === 1) return before.length === 8 ? fromGroups(before) : undefined
  // `::` stands for at least one group. An IPv4 address can only be the tail of the whole.
  if (after === undefined || before.length + after.length > 7 || (halves[0] ?? '').includes('.')) return undefined
  return fromGroups([...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after])
}

export function printIp6 (bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i] ?? 0) * 0x100 + (bytes[2 * i + 1] ?? 0))
  // An IPv4 address inside is written as such (RFC 5952, 5).
  if (groups.slice(0, 5).every(group => group === 0) && groups[5] === 0xffff) return `::ffff:${printIp4(bytes.subarray(12))}`
  const { start, length } = longestZeros(groups)
  const print = (part: readonly number[]): string => part.map(group => group.toString(16)).join(':')
  return length < 2 ? print(groups) : `${print(groups.slice(0, start))}::${print(groups.slice(start + length))}`
}

/** Of either kind: 4 or 16 bytes. Undefined when it is none. */
export function parseIp (text: string): Uint8Array | undefined {
  return parseIp4(text) ?? parseIp6(text)
}

export function printIp (bytes: Uint8Array): string {
  return bytes.length === 4 ? printIp4(bytes) : printIp6(bytes)
}

const decimal = /^(0|[1-9]\d{0,2})$/
const hexadecimal = /^[0-9a-f]{1,4}$/i
const maxIp6Letters = 45

/** The groups of a part between `::`, none of an empty one; undefined when one is no group. */
function groupsOf (part: string): readonly number[] | undefined {
  if (part === '') return []
  const words = part.split(':')
  const last = words[words.length - 1] ?? ''
  const ip4 = last.includes('.') ? parseIp4(last) : undefined
  if (last.includes('.') && ip4 === undefined) return undefined
  const plain = ip4 === undefined ? words : words.slice(0, -1)
  if (!plain.every(word => hexadecimal.test(word))) return undefined
  const [a = 0, b = 0, c = 0, d = 0] = ip4 ?? []
  return [...plain.map(word => Number.parseInt(word, 16)), ...ip4 === undefined ? [] : [a * 0x100 + b, c * 0x100 + d]]
}

function fromGroups (groups: readonly number[]): Uint8Array {
  return Uint8Array.from(groups.flatMap(group => [group >>> 8, group & 0xff]))
}

/** The first of the longest runs of zero groups. */
function longestZeros (groups: readonly number[]): { readonly start: number, readonly length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    let end = start
    while (groups[end] === 0) end++
    if (end - start > best.length) best = { start, length: end - start }
  }
  return best
}
