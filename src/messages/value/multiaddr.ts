import { DecodeFailure } from '../wire/failure.js'
import { readVarint, varintIncomplete, varintLength, writeVarint } from '../wire/varint.js'
import { concat } from './bytes.js'
import type { AddressProtocol } from './multiaddr-protocols.js'
import { protocolByCode, protocolByName } from './multiaddr-protocols.js'
import { PeerId } from './peer-id.js'

/** One step of an address. */
export interface AddressComponent {
  /** `tcp`. */
  readonly name: string
  readonly code: number
  /** Of binary, without its length. Must not be changed. */
  readonly bytes: Uint8Array
  /** `4001`; empty for protocols without a value. */
  readonly value: string
}

/** Where the first two steps lead: what a socket needs. */
export interface AddressEndpoint {
  /** `ip4` and `ip6` hold addresses, the others names. */
  readonly kind: 'ip4' | 'ip6' | 'dns' | 'dns4' | 'dns6'
  readonly host: string
  readonly transport: 'tcp' | 'udp'
  readonly port: number
}

/**
 * An address that describes itself (multiformats/multiaddr): `/ip4/10.0.0.1/tcp/4001/p2p/12D3Koo…`. Immutable; equal
 * addresses have equal bytes and equal texts, whatever they were made of.
 *
 * An address with a protocol that we do not know cannot be read at all: how long its value is, nobody could tell.
 *
 * It holds its text and nothing else, some 50 bytes; the steps, with a buffer each, would take a kilobyte. They are read from the
 * text when they are asked for.
 */
export class Multiaddr {
  readonly #text: string
  /** Undefined: not looked for yet. Null: there is none. Of addresses that are dialed it is asked a dozen times, of others never. */
  #peerId: PeerId | null | undefined

  /** Of steps that were checked. */
  private constructor (components: readonly Component[]) {
    this.#text = components.map((component, i) => printComponent(component, i === components.length - 1)).join('')
    remember(this, components)
  }

  /** The binary form, from anywhere. Copies. */
  static decode (bytes: Uint8Array): Multiaddr | DecodeFailure {
    if (bytes.length > maxMultiaddrBytes) return new DecodeFailure('too-long', what)
    if (bytes.length === 0) return new DecodeFailure('truncated', what)
    const own = new Uint8Array(bytes)
    const components: Component[] = []
    for (let offset = 0; offset < own.length;) {
      const component = readComponent(own, offset)
      if (component instanceof DecodeFailure) return component
      if (components.push(component) > maxComponents) return new DecodeFailure('too-many', what, offset)
      offset += component.length
    }
    return new Multiaddr(components)
  }

  /**
   * What a user has typed.
   * @throws TypeError that quotes the text and says which step is wrong
   */
  static parse (text: string): Multiaddr {
    if (typeof text !== 'string' || text.length > maxMultiaddrLetters) throw refusal(text, 'it must be a text of at most 4,096 letters')
    return Multiaddr.#of(text, parseComponents(text))
  }

  /** The addresses of a list from elsewhere that we can read, at most `most`; the others are left out. */
  static decodeAll (list: readonly Uint8Array[], most = Infinity): readonly Multiaddr[] {
    const addresses: Multiaddr[] = []
    for (const bytes of list) {
      if (addresses.length >= most) break
      const address = Multiaddr.decode(bytes)
      if (address instanceof Multiaddr) addresses.push(address)
    }
    return addresses
  }

  static #of (text: string, components: readonly Component[]): Multiaddr {
    const bytes = components.reduce((sum, { length }) => sum + length, 0)
    if (bytes > maxMultiaddrBytes || components.length > maxComponents) throw refusal(text, `it takes more than ${maxMultiaddrBytes} bytes or has more than ${maxComponents} steps`)
    return new Multiaddr(components)
  }

  /** The binary form, made anew. */
  get bytes (): Uint8Array {
    return concat(this.#components.map(component => component.toBytes()))
  }

  get components (): readonly AddressComponent[] {
    return this.#components
  }

  get #components (): readonly Component[] {
    return this.#reading.components
  }

  get #reading (): Reading {
    return readingOf(this) ?? remember(this, parseComponents(this.#text))
  }

  has (name: string): boolean {
    return this.#mayHave(name) && this.#components.some(component => component.name === name)
  }

  /** The value of the first step of this name; empty for protocols without a value; undefined when there is none. */
  value (name: string): string | undefined {
    return this.#mayHave(name) ? this.#components.find(component => component.name === name)?.value : undefined
  }

  /** Whom the address leads to; undefined when it does not say, and for a relay's own id in front of `/p2p-circuit`. */
  get peerId (): PeerId | undefined {
    if (this.#peerId === undefined) this.#peerId = this.#findPeerId() ?? null
    return this.#peerId ?? undefined
  }

  /** What a socket needs, for addresses that begin with a host and a port; the others have none. */
  get endpoint (): AddressEndpoint | undefined {
    const components = this.#components
    const rest = components[0]?.name === 'ip6zone' ? components.slice(1) : components
    const [host, transport] = rest
    if (host === undefined || transport === undefined || !isHost(host.name) || !isTransport(transport.name)) return undefined
    const zone = rest === components ? '' : `%${components[0]?.value ?? ''}`
    return { kind: host.name, host: host.value + zone, transport: transport.name, port: Number(transport.value) }
  }

  /** This address, and behind it that one. */
  encapsulate (inner: Multiaddr | string): Multiaddr {
    const address = typeof inner === 'string' ? Multiaddr.parse(inner) : inner
    return Multiaddr.#of(`${this.#text}${address.#text}`, [...this.#components, ...address.#components])
  }

  /** What is in front of the last step of this name, and what is behind it. Undefined when there is no such step. */
  splitAt (name: string): { readonly before: Multiaddr | undefined, readonly after: Multiaddr | undefined } | undefined {
    const at = this.#components.findLastIndex(component => component.name === name)
    return at < 0 ? undefined : { before: this.#slice(0, at), after: this.#slice(at + 1) }
  }

  /** With the peer's id at its end. The same when it stands there already. @throws TypeError when another's does */
  withPeer (id: PeerId): Multiaddr {
    const present = this.peerId
    if (present === undefined) return this.encapsulate(`/p2p/${id.toString()}`)
    if (!present.equals(id)) throw new TypeError(`id: the address leads to ${present.toString()} already, not to ${id.toString()}`)
    return this
  }

  /** Without the peer's id at its end. Undefined when nothing would be left. */
  withoutPeer (): Multiaddr | undefined {
    return this.#mayHave('p2p') && this.#components.at(-1)?.name === 'p2p' ? this.#slice(0, -1) : this
  }

  equals (other: Multiaddr): boolean {
    return this.#text === other.#text
  }

  toString (): string {
    return this.#text
  }

  toJSON (): string {
    return this.#text
  }

  [Symbol.for('nodejs.util.inspect.custom')] (): string {
    return `Multiaddr(${this.#text})`
  }

  #findPeerId (): PeerId | undefined {
    if (!this.#mayHave('p2p')) return undefined
    const last = this.#components.findLast(({ name }) => name === 'p2p' || name === 'p2p-circuit')
    const id = last?.name === 'p2p' ? PeerId.decode(last.bytes) : undefined
    return id instanceof PeerId ? id : undefined
  }

  /** A look at the text: no step of this name where it is not in there. */
  #mayHave (name: string): boolean {
    return this.#text.includes(`/${name}`)
  }

  #slice (start: number, end?: number): Multiaddr | undefined {
    const components = this.#components.slice(start, end)
    return components.length === 0 ? undefined : Multiaddr.#of(this.#text, components)
  }
}

/** What an address says, read from its text. */
interface Reading {
  readonly address: Multiaddr
  readonly components: readonly Component[]
}

/**
 * Of the addresses that were read last. Addresses that are only kept, which most are, hold their text alone; a dial asks three or
 * four of them for their steps a dozen times, and dozens of dials do so by turns.
 */
const readings = new Array<Reading | undefined>(64).fill(undefined)
let newest = 0

function readingOf (address: Multiaddr): Reading | undefined {
  for (let back = 0; back < readings.length; back++) {
    const reading = readings[(newest - back) & (readings.length - 1)]
    if (reading?.address === address) return reading
  }
  return undefined
}

function remember (address: Multiaddr, components: readonly Component[]): Reading {
  const reading: Reading = { address, components }
  newest = (newest + 1) & (readings.length - 1)
  readings[newest] = reading
  return reading
}

/** The longest that is in use, a WebTransport address over a relay with four certificate hashes, has 300. */
export const maxMultiaddrBytes = 1024
const maxComponents = 32
/** Base 2 and escapes are long. */
const maxMultiaddrLetters = 4096
const what = 'multiaddr'

class Component implements AddressComponent {
  readonly bytes: Uint8Array
  readonly #protocol: AddressProtocol
  #value: string | undefined

  constructor (protocol: AddressProtocol, bytes: Uint8Array) {
    this.#protocol = protocol
    this.bytes = bytes
  }

  get name (): string {
    return this.#protocol.name
  }

  get code (): number {
    return this.#protocol.code
  }

  /** Written when it is asked for: of most addresses it never is. */
  get value (): string {
    this.#value ??= this.#protocol.print(this.bytes)
    return this.#value
  }

  get isPath (): boolean {
    return this.#protocol.path === true
  }

  /** In binary, with code and length. */
  get length (): number {
    const { code, size } = this.#protocol
    return varintLength(code) + (size === 'prefixed' ? varintLength(this.bytes.length) : 0) + this.bytes.length
  }

  toBytes (): Uint8Array {
    const { code, size } = this.#protocol
    const bytes = new Uint8Array(this.length)
    let end = writeVarint(code, bytes, 0)
    if (size === 'prefixed') end = writeVarint(this.bytes.length, bytes, end)
    bytes.set(this.bytes, end)
    return bytes
  }
}

function readComponent (bytes: Uint8Array, start: number): Component | DecodeFailure {
  const fail = (code: DecodeFailure['code'], offset: number): DecodeFailure => new DecodeFailure(code, what, offset)
  const code = readVarint(bytes, start)
  if (code < 0) return fail(code === varintIncomplete ? 'truncated' : 'bad-varint', start)
  const protocol = protocolByCode.get(code)
  if (protocol === undefined) return fail('unknown-type', start)
  let offset = start + varintLength(code)
  let { size } = protocol
  if (size === 'prefixed') {
    size = readVarint(bytes, offset)
    if (size < 0) return fail(size === varintIncomplete ? 'truncated' : 'bad-varint', offset)
    offset += varintLength(size)
  }
  if (size > bytes.length - offset) return fail('truncated', offset)
  const value = bytes.subarray(offset, offset + size)
  return protocol.valid(value) ? new Component(protocol, value) : fail('bad-value', offset)
}

function parseComponents (text: string): readonly Component[] {
  const [empty, ...words] = text.split('/')
  if (empty !== '' || words.length === 0) throw refusal(text, "it must begin with '/'")
  const components: Component[] = []
  while (words.length > 0) {
    const name = words.shift() ?? ''
    const protocol = protocolByName.get(name)
    if (protocol === undefined) throw refusal(text, name === '' ? 'a step is empty' : `no protocol is called ${JSON.stringify(name)}`)
    components.push(parseComponent(text, protocol, words))
  }
  return components
}

/** Takes the value's words. */
function parseComponent (text: string, protocol: AddressProtocol, words: string[]): Component {
  const { name } = protocol
  let value = ''
  if (protocol.path === true) {
    value = takePath(words)
  } else if (protocol.size !== 0) {
    value = words.shift() ?? ''
  }
  const bytes = protocol.parse(value)
  if (bytes === undefined || !protocol.valid(bytes)) {
    throw refusal(text, value === '' ? `/${name} needs a value` : `${JSON.stringify(value)} is no value of /${name}`)
  }
  return new Component(protocol, bytes)
}

/**
 * A path takes the rest of the text. So that something can stand behind it (a peer id), one that is written with `%2F` in
 * place of its slashes, as js-libp2p does, takes one word.
 */
function takePath (words: string[]): string {
  if (words[0]?.toUpperCase().startsWith('%2F') === true) {
    try {
      return decodeURIComponent(words.shift() ?? '')
    } catch {
      return ''
    }
  }
  return `/${words.splice(0).join('/')}`
}

function printComponent (component: Component, last: boolean): string {
  const { name, value } = component
  if (!component.isPath) return value === '' ? `/${name}` : `/${name}/${value}`
  // A path that itself begins like an escaped one must be escaped too.
  return last && !value.toUpperCase().startsWith('/%2F') ? `/${name}${value}` : `/${name}/${encodeURIComponent(value)}`
}

function isHost (name: string): name is AddressEndpoint['kind'] {
  return name === 'ip4' || name === 'ip6' || name === 'dns' || name === 'dns4' || name === 'dns6'
}

function isTransport (name: string): name is AddressEndpoint['transport'] {
  return name === 'tcp' || name === 'udp'
}

function refusal (text: unknown, reason: string): TypeError {
  const quoted = typeof text === 'string' ? JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}...` : text) : typeof text
  return new TypeError(`text: no address: ${quoted}: ${reason}`)
}
