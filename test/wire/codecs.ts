/**
 * Every decoder of messages and values in one table, with messages that are good, for the tests that say the same of all:
 * truncation, random bytes, mutations.
 */
import { nodeCrypto } from '../../src/runtime/crypto/node.js'
import { Envelope } from '../../src/messages/value/envelope.js'
import { PublicKey } from '../../src/messages/value/keys.js'
import { Multiaddr } from '../../src/messages/value/multiaddr.js'
import { PeerId } from '../../src/messages/value/peer-id.js'
import { openPeerRecord } from '../../src/messages/value/peer-record.js'
import { decodeEnvelope, encodeEnvelope } from '../../src/messages/wire/envelope.js'
import { DecodeFailure } from '../../src/messages/wire/failure.js'
import { decodeIdentify, encodeIdentify } from '../../src/messages/wire/identify.js'
import { decodePrivateKey, decodePublicKey, encodeKey } from '../../src/messages/wire/keys.js'
import { decodeNoisePayload, encodeNoisePayload } from '../../src/messages/wire/noise.js'
import { decodePeerRecord, encodePeerRecord } from '../../src/messages/wire/peer-record.js'
import { decodePerfHeader, encodePerfHeader } from '../../src/messages/wire/perf.js'
import { decodeExchange, encodeExchange } from '../../src/messages/wire/plaintext.js'
import { envelopes, identifyMessage, noisePayload, specKeys } from './fixtures.js'
import { hex } from './kit.js'

export interface Codec {
  readonly name: string
  /** What it decodes to, or a failure; never a throw. */
  readonly decode: (bytes: Uint8Array) => unknown
  /** Encodes what was decoded. */
  readonly encode: (message: never) => Uint8Array
  readonly samples: readonly Uint8Array[]
  /** The first so many bytes of a sample are a message too, by nature. */
  readonly prefixes?: true
}

const keys = Object.values(specKeys)
const publicKeys = keys.map(key => hex(key.public))
const peerIds = keys.map(key => PeerId.parse(key.peerId))
const relay = `/ip4/192.0.2.9/tcp/4001/p2p/${specKeys.RSA.peerId}/p2p-circuit/p2p/${specKeys.Ed25519.peerId}`
const webtransport = '/ip6/2001:db8::7/udp/443/quic-v1/webtransport/certhash/uEiDDq4_xNyDorZBH3TlGazyJdOWSwvo4PUo5YHFMrvDE8g'
const onion = '/onion3/vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd:1234'
export const addresses = [
  '/ip4/127.0.0.1/tcp/4001', relay, webtransport, onion, '/dns/example.com/tcp/443/tls/sni/example.com/ws', '/ip6zone/eth0/ip6/fe80::1/tcp/1',
  '/memory/a', '/unix/run/a.sock', '/dns4/a.example/tcp/80/http/http-path/a%2Fb', '/ip4/10.0.0.0/ipcidr/8'
]

function codec<Message> (
  name: string, decode: (bytes: Uint8Array) => Message | DecodeFailure, encode: (message: Message) => Uint8Array,
  samples: readonly Uint8Array[], prefixes?: true
): Codec {
  return { name, decode, encode: encode, samples, ...prefixes && { prefixes } }
}

const recordPayload = (decodeEnvelope(hex(envelopes.Ed25519)) as { payload: Uint8Array }).payload

export const codecs: readonly Codec[] = [
  codec('PublicKey message', decodePublicKey, encodeKey, publicKeys),
  codec('PrivateKey message', decodePrivateKey, encodeKey, keys.map(key => hex(key.private))),
  codec('identify', decodeIdentify, encodeIdentify, [hex(identifyMessage)], true),
  codec('envelope message', decodeEnvelope, encodeEnvelope, Object.values(envelopes).map(hex)),
  codec('peer record message', decodePeerRecord, encodePeerRecord, [recordPayload], true),
  codec('noise payload', decodeNoisePayload, encodeNoisePayload, [hex(noisePayload)], true),
  codec('exchange', decodeExchange, encodeExchange, publicKeys.map((publicKey, i) => encodeExchange({ id: peerIds[i]!.bytes, publicKey }))),
  codec('perf header', decodePerfHeader, encodePerfHeader, [encodePerfHeader(2 ** 40 + 1)]),
  codec('PublicKey', bytes => PublicKey.decode(bytes), key => key.toProtobuf(), publicKeys),
  codec('PeerId', bytes => PeerId.decode(bytes), id => id.bytes, peerIds.map(id => id.bytes)),
  codec('Multiaddr', bytes => Multiaddr.decode(bytes), address => address.bytes, addresses.map(text => Multiaddr.parse(text).bytes), true),
  codec('Envelope', bytes => Envelope.decode(bytes), envelope => envelope.encode(), Object.values(envelopes).map(hex)),
  codec('signed peer record', bytes => openPeerRecord(bytes, nodeCrypto), signed => signed.envelope.encode(), Object.values(envelopes).map(hex))
]

/**
 * Decodes, and encodes again what could be read. Throws where something is wrong: a decoder threw, or what it read is not
 * what its own encoding says.
 */
export function checkDecode ({ name, decode, encode }: Codec, bytes: Uint8Array): 'message' | 'failure' {
  const message = decode(bytes)
  if (message instanceof DecodeFailure) {
    if (message.offset < 0 || message.offset > bytes.length) throw new Error(`${name}: the failure points outside: ${message.toString()}`)
    return 'failure'
  }
  const once = encode(message as never)
  const again = decode(once)
  if (again instanceof DecodeFailure) throw new Error(`${name}: cannot read what it wrote: ${again.toString()}`)
  if (Buffer.compare(encode(again as never), once) !== 0) throw new Error(`${name}: writes another message than it read`)
  return 'message'
}
