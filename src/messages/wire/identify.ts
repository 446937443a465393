/**
 * Identify (libp2p/specs identify/README.md) and identify push: one message, length-prefixed, from the responder, or from
 * whoever has news. go splits it into several, which count as one (`mergeIdentify`); rust reads only the first, and only
 * 4,096 bytes of it. `signedPeerRecord` is not in the spec's text; go and js have it.
 */
import type { DecodeFailure } from './failure.js'
import { ProtobufReader } from './protobuf-reader.js'
import { ProtobufWriter } from './protobuf-writer.js'
import { varintLength } from './varint.js'

export const identifyProtocol = '/ipfs/id/1.0.0'
export const identifyPushProtocol = '/ipfs/id/push/1.0.0'

/** All fields as they travel; values are made of them by whoever trusts them. */
export interface Identify {
  /** `PublicKey` message (`wire/keys.ts`). Left out by js in pushes. */
  readonly publicKey?: Uint8Array | undefined
  /** Binary multiaddrs, unverified. */
  readonly listenAddrs: readonly Uint8Array[]
  readonly protocols: readonly string[]
  /** Binary multiaddr: where the sender sees the receiver. */
  readonly observedAddr?: Uint8Array | undefined
  readonly protocolVersion?: string | undefined
  readonly agentVersion?: string | undefined
  /** `Envelope` message with a peer record (`value/peer-record.ts`). */
  readonly signedPeerRecord?: Uint8Array | undefined
}

export const identifyLimits = {
  /** Of one message that we read: go and js send and accept so much. */
  messageBytes: 8192,
  /** Of the one message that we send: rust reads no more. */
  sentBytes: 4096,
  /** Messages of one stream that are merged, as go and js have it. */
  messages: 10,
  /** Entries of all messages together, as go has them. */
  protocols: 1024,
  addresses: 500
} as const

export function encodeIdentify (message: Identify): Uint8Array {
  return new ProtobufWriter()
    .bytes(1, message.publicKey)
    .repeated(2, message.listenAddrs)
    .strings(3, message.protocols)
    .bytes(4, message.observedAddr)
    .string(5, message.protocolVersion)
    .string(6, message.agentVersion)
    .bytes(8, message.signedPeerRecord)
    .finish()
}

/**
 * The longest message of at most `maxBytes` that says as much as possible: addresses go first, the last ones first, since
 * the signed record has them too; then the signed record; protocols and key stay.
 *
 * @throws RangeError when what must stay is too long
 */
export function encodeIdentifyWithin (message: Identify, maxBytes: number = identifyLimits.sentBytes): Uint8Array {
  const whole = encodeIdentify(message)
  if (whole.length <= maxBytes) return whole
  for (const signedPeerRecord of [message.signedPeerRecord, undefined]) {
    const bare = encodeIdentify({ ...message, signedPeerRecord, listenAddrs: [] })
    let room = maxBytes - bare.length
    if (room < 0) continue
    const fitting = message.listenAddrs.findIndex(({ length }) => (room -= 1 + varintLength(length) + length) < 0)
    return encodeIdentify({ ...message, signedPeerRecord, listenAddrs: message.listenAddrs.slice(0, fitting < 0 ? undefined : fitting) })
  }
  throw new RangeError(`message: without addresses and record it still takes more than ${maxBytes} bytes`)
}

export function decodeIdentify (bytes: Uint8Array, maxBytes: number = identifyLimits.messageBytes): Identify | DecodeFailure {
  const reader = new ProtobufReader('identify', bytes, maxBytes)
  const listenAddrs: Uint8Array[] = []
  const protocols: string[] = []
  const found: { -readonly [Field in keyof Identify]?: Identify[Field] } = {}
  while (reader.next()) {
    switch (reader.field) {
      case 1: found.publicKey = reader.bytes('publicKey', maxBytes); break
      case 2: reader.add('listenAddrs', listenAddrs, reader.bytes('listenAddrs', maxBytes), identifyLimits.addresses); break
      case 3: reader.add('protocols', protocols, reader.string('protocols', maxBytes), identifyLimits.protocols); break
      case 4: found.observedAddr = reader.bytes('observedAddr', maxBytes); break
      case 5: found.protocolVersion = reader.string('protocolVersion', maxBytes); break
      case 6: found.agentVersion = reader.string('agentVersion', maxBytes); break
      case 8: found.signedPeerRecord = reader.bytes('signedPeerRecord', maxBytes); break
    }
  }
  return reader.failure ?? { ...found, listenAddrs, protocols }
}

/** What two messages of one stream say together: later scalars replace, lists grow up to their bounds. */
export function mergeIdentify (first: Identify, second: Identify): Identify {
  const given = Object.fromEntries(Object.entries(second).filter(([, value]) => value !== undefined)) as unknown as Identify
  return {
    ...first,
    ...given,
    listenAddrs: [...first.listenAddrs, ...second.listenAddrs].slice(0, identifyLimits.addresses),
    protocols: [...first.protocols, ...second.protocols].slice(0, identifyLimits.protocols)
  }
}
