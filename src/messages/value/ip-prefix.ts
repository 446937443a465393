/** Ranges of IP addresses, as CIDR has them: `10.0.0.0/8`, `2001:db8::/32`. */
import { parseIp, printIp } from './ip-address.js'

/** The first so many bits of an address. */
export interface IpPrefix {
  readonly bytes: Uint8Array
  readonly bits: number
}

/** @throws TypeError for what is no range. A single address is a range of one; bits behind the prefix must be zero. */
export function parsePrefix (text: string): IpPrefix {
  const [ip = '', length, ...more] = text.split('/')
  const bytes = parseIp(ip)
  if (bytes === undefined || more.length > 0) throw new TypeError(`${JSON.stringify(text)} is no range of IP addresses, such as 10.0.0.0/8 or 2001:db8::/32`)
  const most = bytes.length * 8
  const bits = length === undefined ? most : /^\d{1,3}$/.test(length) ? Number(length) : Infinity
  if (bits > most) throw new TypeError(`${JSON.stringify(text)}: the length of the prefix must be from 0 to ${most}`)
  // Most likely a slip: 10.1.2.3/8 may be meant as one address, or as the whole network.
  if (!masked(bytes, bits).every((byte, i) => byte === bytes[i])) throw new TypeError(`${JSON.stringify(text)} has bits behind its prefix; the range is ${printIp(masked(bytes, bits))}/${bits}`)
  return { bytes, bits }
}

export function printPrefix ({ bytes, bits }: IpPrefix): string {
  return `${printIp(bytes)}/${bits}`
}

/** IPv4 within IPv6 (`::ffff:1.2.3.4`) is in the ranges of IPv4. */
export function matchesPrefix (address: Uint8Array, { bytes, bits }: IpPrefix): boolean {
  const plain = address.length === 16 && bytes.length === 4 && isMapped(address) ? address.subarray(12) : address
  if (plain.length !== bytes.length) return false
  const whole = bits >> 3
  for (let i = 0; i < whole; i++) if (plain[i] !== bytes[i]) return false
  const mask = maskOf(bits)
  return ((plain[whole] ?? 0) & mask) === ((bytes[whole] ?? 0) & mask)
}

/** Of the byte in which the prefix ends. */
function maskOf (bits: number): number {
  return (0xff00 >> (bits & 7)) & 0xff
}

function masked (bytes: Uint8Array, bits: number): Uint8Array {
  return bytes.map((byte, i) => i < bits >> 3 ? byte : i > bits >> 3 ? 0 : byte & maskOf(bits))
}

function isMapped (address: Uint8Array): boolean {
  return address.subarray(0, 12).every((byte, i) => byte === (i < 10 ? 0 : 0xff))
}
