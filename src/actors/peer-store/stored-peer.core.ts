/**
 * A peer as it lies in the datastore: one protobuf message. Times are unix milliseconds there, for the system's clock begins
 * anew with each process. Our own datastore or not, what comes back is read as strictly as what comes from a stranger.
 *
 *     message StoredPeer {
 *       bytes id = 1; bytes publicKey = 2; uint64 updatedAt = 3; bool connected = 4;
 *       repeated Address addresses = 5;   // multiaddr = 1, source = 2, certified = 3, expiresAt = 4 (none: never), reachedAt = 5, failedAt = 6
 *       repeated string protocols = 6; string agentVersion = 7; string protocolVersion = 8;
 *       uint64 seq = 9; bytes envelope = 10;
 *       repeated Metadata metadata = 11;  // key = 1, value = 2
 *       repeated Tag tags = 12;           // name = 1, value = 2, expiresAt = 3 (none: never)
 *     }
 */
import { addressSources, type PeerAddress, type PeerInfo, type PeerTag } from '../../messages/peer-store.js'
import { PublicKey } from '../../messages/value/keys.js'
import { Multiaddr } from '../../messages/value/multiaddr.js'
import { PeerId } from '../../messages/value/peer-id.js'
import { DecodeFailure } from '../../messages/wire/failure.js'
import { ProtobufReader } from '../../messages/wire/protobuf-reader.js'
import { ProtobufWriter } from '../../messages/wire/protobuf-writer.js'
import type { PeerStoreAges } from './peer-limits.core.js'

/** @param epochMs unix time at which the system's clock stands at zero */
export function encodeStoredPeer (info: PeerInfo, connected: boolean, epochMs: number): Uint8Array {
  const unix = (at: number | undefined): number | undefined => at === undefined || at === Infinity ? undefined : Math.max(0, Math.round(epochMs + at))
  const { addresses, agentVersion, metadata, peer, protocols, protocolVersion, publicKey, record, tags, updatedAt } = info
  const writer = new ProtobufWriter()
    .bytes(1, peer.bytes)
    // An id of an Ed25519 key has it inside.
    .bytes(2, peer.publicKey === undefined ? publicKey?.toProtobuf() : undefined)
    .uint64(3, unix(updatedAt))
    .bool(4, connected)
  for (const { address, certified, expiresAt, failedAt, reachedAt, source } of addresses) {
    writer.message(5, new ProtobufWriter()
      .bytes(1, address.bytes).uint32(2, addressSources.indexOf(source)).bool(3, certified)
      .uint64(4, unix(expiresAt)).uint64(5, unix(reachedAt)).uint64(6, unix(failedAt)))
  }
  writer.strings(6, protocols).string(7, agentVersion).string(8, protocolVersion).uint64(9, record?.seq).bytes(10, record?.envelope)
  for (const [key, value] of metadata) writer.message(11, new ProtobufWriter().string(1, key).bytes(2, value))
  for (const [name, { value, expiresAt }] of tags) writer.message(12, new ProtobufWriter().string(1, name).uint32(2, value).uint64(3, unix(expiresAt)))
  return writer.finish()
}

/**
 * What was known, in the times of this process.
 *
 * Of a peer that was connected when it was written the last we know is that it was there: its addresses hold as if the
 * connection had ended now. (A process that is killed writes nothing.)
 */
export function decodeStoredPeer (bytes: Uint8Array, ages: PeerStoreAges, epochMs: number, now: number): PeerInfo | DecodeFailure {
  const reader = new ProtobufReader('stored peer', bytes, mostBytes)
  let id: Uint8Array = nothing
  let key: Uint8Array | undefined
  let updatedAt = 0
  let connected = false
  let agentVersion: string | undefined
  let protocolVersion: string | undefined
  let seq: bigint | undefined
  let envelope: Uint8Array | undefined
  const addresses: PeerAddress[] = []
  const protocols: string[] = []
  const metadata = new Map<string, Uint8Array>()
  const tags = new Map<string, PeerTag>()
  while (reader.next()) {
    switch (reader.field) {
      case 1: id = reader.bytes('id', mostBytes); break
      case 2: key = reader.bytes('publicKey', mostBytes); break
      case 3: updatedAt = reader.count('updatedAt') - epochMs; break
      case 4: connected = reader.bool('connected'); break
      case 5: addAddress(addresses, reader.message('addresses', mostBytes), epochMs); break
      case 6: reader.add('protocols', protocols, reader.string('protocols', mostBytes), mostEntries); break
      case 7: agentVersion = reader.string('agentVersion', mostBytes); break
      case 8: protocolVersion = reader.string('protocolVersion', mostBytes); break
      case 9: seq = reader.uint64('seq'); break
      // A copy: the view would keep whatever it was read with.
      case 10: envelope = new Uint8Array(reader.bytes('envelope', mostBytes)); break
      case 11: addMetadata(metadata, reader.message('metadata', mostBytes)); break
      case 12: addTag(tags, reader.message('tags', mostBytes), epochMs); break
    }
  }
  if (reader.failure !== undefined) return reader.failure
  const peer = PeerId.decode(id)
  if (peer instanceof DecodeFailure) return peer
  const publicKey = peer.publicKey ?? (key === undefined ? undefined : PublicKey.decode(key))
  if (publicKey instanceof DecodeFailure) return publicKey
  const alive = (address: PeerAddress): PeerAddress => !connected || address.source === 'gossip' ? address : { ...address, expiresAt: now + ages[address.source] }
  return {
    peer,
    publicKey,
    addresses: addresses.map(alive),
    protocols,
    agentVersion,
    protocolVersion,
    record: seq === undefined || envelope === undefined ? undefined : { seq, envelope },
    metadata,
    tags,
    updatedAt
  }
}

function addAddress (list: PeerAddress[], reader: ProtobufReader, epochMs: number): void {
  let bytes: Uint8Array = nothing
  let source = 0
  let certified = false
  let expiresAt = Infinity
  let reachedAt: number | undefined
  let failedAt: number | undefined
  while (reader.next()) {
    switch (reader.field) {
      case 1: bytes = reader.bytes('multiaddr', mostBytes); break
      case 2: source = reader.uint32('source'); break
      case 3: certified = reader.bool('certified'); break
      case 4: expiresAt = reader.count('expiresAt') - epochMs; break
      case 5: reachedAt = reader.count('reachedAt') - epochMs; break
      case 6: failedAt = reader.count('failedAt') - epochMs; break
    }
  }
  // An address of a kind that this version does not know is left out, as those of strangers are.
  const [address] = Multiaddr.decodeAll([new Uint8Array(bytes)])
  if (address === undefined) return
  reader.add('addresses', list, {
    address, certified, source: addressSources[source] ?? 'gossip', expiresAt, ...reachedAt !== undefined && { reachedAt }, ...failedAt !== undefined && { failedAt }
  }, mostEntries)
}

function addMetadata (metadata: Map<string, Uint8Array>, reader: ProtobufReader): void {
  let key = ''
  let value: Uint8Array = nothing
  while (reader.next()) {
    if (reader.field === 1) key = reader.string('key', mostBytes)
    else if (reader.field === 2) value = new Uint8Array(reader.bytes('value', mostBytes))
  }
  metadata.set(key, value)
}

function addTag (tags: Map<string, PeerTag>, reader: ProtobufReader, epochMs: number): void {
  let name = ''
  let value = 0
  let expiresAt = Infinity
  while (reader.next()) {
    if (reader.field === 1) name = reader.string('name', mostBytes)
    else if (reader.field === 2) value = reader.uint32('value')
    else if (reader.field === 3) expiresAt = reader.count('expiresAt') - epochMs
  }
  tags.set(name, { value: Math.min(value, 100), expiresAt })
}

const nothing = new Uint8Array(0)
/** Far above what the limits let one peer have: it is not theirs to enforce here. */
const mostBytes = 1024 * 1024
const mostEntries = 4096
