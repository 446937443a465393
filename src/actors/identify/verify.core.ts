/**
 * What of an identify message is to be believed (libp2p/specs identify/README.md; RFC 0003). The connection has proven who the
 * peer is; everything else is its word. A wrong key spoils the whole message, a wrong record only itself.
 */
import type { ErrorCode } from '../../messages/errors.js'
import type { Failure } from '../../messages/failure.js'
import type { IdentifyResult } from '../../messages/identify.js'
import { PublicKey } from '../../messages/value/keys.js'
import { Multiaddr } from '../../messages/value/multiaddr.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import { openPeerRecord } from '../../messages/value/peer-record.js'
import { isProtocolId } from '../../messages/value/protocol-id.js'
import { DecodeFailure } from '../../messages/wire/failure.js'
import type { DecodeCode } from '../../messages/wire/failure.js'
import type { Identify } from '../../messages/wire/identify.js'
import type { CryptoProvider } from '../../runtime/crypto/provider.js'
import { SharedTexts } from './shared-texts.js'

/** Who has sent it: the peer at the other end of a connection, by the path of that. */
export interface Sender {
  readonly peer: PeerId
  readonly connection: string
}

/** `verifyIdentify` with its provider. */
export type Verify = (message: Identify, sender: Sender) => IdentifyResult | Failure

/** @param shared where texts that others have said are found */
export function verifyIdentify (message: Identify, { peer, connection }: Sender, crypto: CryptoProvider, shared = new SharedTexts()): IdentifyResult | Failure {
  if (message.publicKey !== undefined) {
    const key = PublicKey.decode(message.publicKey)
    if (key instanceof DecodeFailure) return violation(key.toString())
    if (!peer.matches(key, crypto)) return violation('the public key is not that of the peer')
  }
  const record = message.signedPeerRecord === undefined ? undefined : readRecord(message.signedPeerRecord, peer, crypto)
  const observed = message.observedAddr === undefined ? undefined : Multiaddr.decode(message.observedAddr)
  return {
    peer,
    connection,
    protocolVersion: shared.text(message.protocolVersion?.slice(0, maxVersionLetters)),
    agentVersion: shared.text(message.agentVersion?.slice(0, maxVersionLetters)),
    protocols: shared.list([...new Set(message.protocols.filter(isProtocolId))]),
    listenAddresses: ofPeer(Multiaddr.decodeAll(message.listenAddrs), peer),
    observedAddress: observed instanceof Multiaddr ? observed : undefined,
    record: record !== undefined && 'seq' in record ? record : undefined,
    badRecord: record !== undefined && 'code' in record ? record : undefined
  }
}

/** These are kept for each peer, and shown to people: go's are the longest, with some 100. */
const maxVersionLetters = 256

function readRecord (bytes: Uint8Array, peer: PeerId, crypto: CryptoProvider): NonNullable<IdentifyResult['record']> | Failure {
  const signed = openPeerRecord(bytes, crypto)
  if (signed instanceof DecodeFailure) return { code: recordCodes[signed.code] ?? 'record/malformed', detail: signed.toString() }
  const { peerId, seq, addresses } = signed.record
  if (!peerId.equals(peer)) return { code: 'record/peer-mismatch', detail: `it speaks of ${peerId.toString()}, and came from ${peer.toString()}` }
  // A copy: the view would keep the whole message.
  return { seq, envelope: new Uint8Array(bytes), addresses: ofPeer(addresses, peer) }
}

const recordCodes: Readonly<Partial<Record<DecodeCode, ErrorCode>>> = {
  'bad-signature': 'record/bad-signature',
  'peer-mismatch': 'record/peer-mismatch',
  'unknown-type': 'record/unknown-type'
}

/** Without the peer's id, each once. Nobody speaks for the addresses of another. */
function ofPeer (addresses: readonly Multiaddr[], peer: PeerId): readonly Multiaddr[] {
  const own = new Map<string, Multiaddr>()
  for (const address of addresses) {
    if (address.peerId?.equals(peer) === false) continue
    const bare = address.withoutPeer()
    if (bare !== undefined) own.set(bare.toString(), bare)
  }
  return [...own.values()]
}

function violation (detail: string): Failure {
  return { code: 'stream/protocol-violation', detail }
}
