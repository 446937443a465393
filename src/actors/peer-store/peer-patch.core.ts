/** What a patch makes of what was known of a peer: pure, and the same value when nothing changes. */
import type { AddressSource, PatchMode, PeerAddress, PeerInfo, PeerPatch, PeerTag } from '../../messages/peer-store.js'
import { sameBytes } from '../../messages/value/bytes.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import { rankOf, type PeerStoreAges, type PeerStoreLimits } from './peer-limits.core.js'

export interface PatchContext {
  readonly limits: PeerStoreLimits
  readonly ages: PeerStoreAges
  readonly now: number
}

export function unknownPeer (peer: PeerId, now: number): PeerInfo {
  return {
    peer,
    publicKey: peer.publicKey,
    addresses: [],
    protocols: [],
    agentVersion: undefined,
    protocolVersion: undefined,
    record: undefined,
    metadata: none,
    tags: none,
    updatedAt: now
  }
}

/** Most peers have none, and share it. */
const none: ReadonlyMap<string, never> = new Map<string, never>()

export function patched (known: PeerInfo, patch: PeerPatch, how: PatchMode, context: PatchContext): PeerInfo {
  const { limits, now } = context
  // Its numbers must not be forgotten: an old record could be played again.
  const before = how === 'save' ? { ...unknownPeer(known.peer, now), publicKey: known.publicKey, record: known.record } : known
  const adding = how === 'merge'
  const record = newRecord(known, patch, limits)
  return {
    ...before,
    // A peer has one key for ever, and its id says which.
    publicKey: before.publicKey ?? patch.publicKey,
    addresses: addressesOf(before, patch, record, adding, context),
    protocols: patch.protocols === undefined ? before.protocols : protocolList(patch.protocols, limits),
    agentVersion: patch.agentVersion?.slice(0, limits.versionLetters) ?? before.agentVersion,
    protocolVersion: patch.protocolVersion?.slice(0, limits.versionLetters) ?? before.protocolVersion,
    record: record === undefined ? before.record : { seq: record.seq, envelope: record.envelope },
    metadata: patch.metadata === undefined ? before.metadata : metadataOf(adding ? before.metadata : new Map(), patch.metadata, limits),
    tags: patch.tags === undefined ? before.tags : tagsOf(adding ? before.tags : new Map(), patch.tags, context)
  }
}

/** The record of a patch, if it is newer than what is known and not too large (RFC 0003: a higher sequence number wins). */
function newRecord ({ record: known }: PeerInfo, { record }: PeerPatch, { recordBytes }: PeerStoreLimits): PeerPatch['record'] {
  if (record === undefined || record.envelope.length > recordBytes) return undefined
  return known === undefined || record.seq > known.seq ? record : undefined
}

/** A newer record replaces what an older one has certified; a patch that is not added replaces all. */
function addressesOf (before: PeerInfo, patch: PeerPatch, record: PeerPatch['record'], adding: boolean, context: PatchContext): readonly PeerAddress[] {
  if (record === undefined && patch.addresses === undefined) return before.addresses
  const list = new AddressList(adding ? before.addresses : [], context)
  list.add(record?.addresses ?? [], 'identified', true)
  list.add(patch.addresses ?? [], patch.source ?? 'gossip', false)
  if (adding) list.keep(before.addresses.filter(({ certified }) => !certified || record === undefined))
  return list.bounded
}

/** Each address once, without the peer, and all that is known of it. */
class AddressList {
  private readonly entries = new Map<string, PeerAddress>()
  private readonly known: ReadonlyMap<string, PeerAddress>
  private readonly context: PatchContext

  constructor (known: readonly PeerAddress[], context: PatchContext) {
    this.known = new Map(known.map(entry => [entry.address.toString(), entry]))
    this.context = context
  }

  /** Named just now. */
  add (addresses: readonly Multiaddr[], source: AddressSource, certified: boolean): void {
    const { ages, now } = this.context
    for (const address of addresses) {
      const bare = address.withoutPeer()
      if (bare === undefined) continue
      const text = bare.toString()
      const fresh: PeerAddress = { address: bare, certified, source, expiresAt: now + ages[source] }
      const known = this.entries.get(text) ?? this.known.get(text)
      this.entries.set(text, known === undefined ? fresh : joined(known, fresh, certified || (this.entries.has(text) && known.certified)))
    }
  }

  keep (entries: readonly PeerAddress[]): void {
    for (const entry of entries) {
      const text = entry.address.toString()
      const named = this.entries.get(text)
      this.entries.set(text, named === undefined ? entry : joined(entry, named, entry.certified || named.certified))
    }
  }

  /** What has led to the peer or was named by the application first, then what is certified, then the newest. */
  get bounded (): readonly PeerAddress[] {
    return [...this.entries.values()].sort((a, b) => standing(b) - standing(a)).slice(0, this.context.limits.addresses)
  }
}

/** One address that was known, and is named again. */
function joined (known: PeerAddress, named: PeerAddress, certified: boolean): PeerAddress {
  return {
    ...known,
    certified,
    source: rankOf[named.source] > rankOf[known.source] ? named.source : known.source,
    expiresAt: Math.max(known.expiresAt, named.expiresAt)
  }
}

function standing ({ certified, source }: PeerAddress): number {
  return rankOf[source] >= rankOf.connected ? 2 : certified ? 1 : 0
}

/** An address has led to the peer, or nowhere. */
export function tried (info: PeerInfo, address: Multiaddr, reached: boolean, context: PatchContext): PeerInfo {
  const { ages, now, limits } = context
  const bare = address.withoutPeer()
  if (bare === undefined) return info
  const known = info.addresses.find(entry => entry.address.equals(bare))
  // What is not known is not worth remembering as a failure.
  if (known === undefined && !reached) return info
  const before = known ?? { address: bare, certified: false, source: 'connected', expiresAt: 0 }
  const after: PeerAddress = reached
    ? { ...before, source: before.source === 'user' ? 'user' : 'connected', expiresAt: Math.max(before.expiresAt, now + ages.connected), reachedAt: now }
    : { ...before, failedAt: now }
  const others = info.addresses.filter(entry => entry !== known)
  const addresses = [after, ...others].sort((a, b) => standing(b) - standing(a)).slice(0, limits.addresses)
  return { ...info, addresses }
}

/** As many as there is room for, in their order. */
function protocolList (protocols: readonly string[], limits: PeerStoreLimits): readonly string[] {
  const list = new Set<string>()
  let room = limits.protocolBytes
  for (const protocol of protocols) {
    if (list.size >= limits.protocols || protocol.length > room) break
    if (list.has(protocol)) continue
    list.add(protocol)
    room -= protocol.length
  }
  // One list for all peers that speak the same, where whoever has read it keeps one.
  return list.size === protocols.length ? protocols : [...list]
}

/** What would be too much is left out. */
function metadataOf (known: PeerInfo['metadata'], changes: NonNullable<PeerPatch['metadata']>, limits: PeerStoreLimits): PeerInfo['metadata'] {
  const metadata = new Map(known)
  for (const [key, value] of Object.entries(changes)) {
    const before = metadata.get(key)
    metadata.delete(key)
    if (value === null) continue
    if (metadata.size < limits.metadataKeys && metadataBytes(metadata) + key.length + value.length <= limits.metadataBytes) metadata.set(key, value)
    else if (before !== undefined) metadata.set(key, before)
  }
  return metadata
}

function tagsOf (known: PeerInfo['tags'], changes: NonNullable<PeerPatch['tags']>, { limits, now }: PatchContext): PeerInfo['tags'] {
  const tags = new Map<string, PeerTag>(known)
  for (const [name, tag] of Object.entries(changes)) {
    if (tag === null) tags.delete(name)
    else if (name.length <= limits.tagLetters && (tags.has(name) || tags.size < limits.tags)) {
      const { value = 0, ttlMs = Infinity } = tag
      tags.set(name, { value: Math.min(Math.max(Math.trunc(value), 0), 100), expiresAt: now + ttlMs })
    }
  }
  return tags
}

const metadataBytes = (metadata: PeerInfo['metadata']): number => [...metadata].reduce((sum, [key, value]) => sum + key.length + value.length, 0)

/** What it takes to remember a peer, roughly: contents, and some overhead for each part. */
export function bytesOf ({ addresses, protocols, agentVersion = '', protocolVersion = '', record, metadata, tags }: PeerInfo): number {
  return 512
    + addresses.reduce((sum, { address }) => sum + 256 + address.toString().length, 0)
    + protocols.reduce((sum, protocol) => sum + 32 + protocol.length, 0)
    + agentVersion.length + protocolVersion.length
    + (record === undefined ? 0 : 64 + record.envelope.length)
    + metadataBytes(metadata) + 64 * metadata.size
    + [...tags.keys()].reduce((sum, name) => sum + 64 + name.length, 0)
}

/** Whether somebody who has heard of the one need hear of the other: when things expire, or were tried, is no news. */
export function saysTheSame (a: PeerInfo, b: PeerInfo): boolean {
  return a.publicKey === b.publicKey
    && a.agentVersion === b.agentVersion
    && a.protocolVersion === b.protocolVersion
    && a.record === b.record
    && sameEntries(a.metadata, b.metadata, sameBytes)
    && sameEntries(a.tags, b.tags, (one, other) => one.value === other.value)
    && a.protocols.length === b.protocols.length
    && a.protocols.every((protocol, i) => protocol === b.protocols[i])
    && a.addresses.length === b.addresses.length
    && a.addresses.every(({ address, certified, source }, i) => {
      const other = b.addresses[i]
      return other !== undefined && certified === other.certified && source === other.source && address.equals(other.address)
    })
}

/** Down to the last moment: what need not be written again. */
export function isTheSame (a: PeerInfo, b: PeerInfo): boolean {
  return saysTheSame(a, b)
    && sameEntries(a.tags, b.tags, (one, other) => one.expiresAt === other.expiresAt)
    && a.addresses.every(({ expiresAt, failedAt, reachedAt }, i) => {
      const other = b.addresses[i]
      return other !== undefined && expiresAt === other.expiresAt && failedAt === other.failedAt && reachedAt === other.reachedAt
    })
}

function sameEntries<T> (a: ReadonlyMap<string, T>, b: ReadonlyMap<string, T>, same: (one: T, other: T) => boolean): boolean {
  if (a === b) return true
  return a.size === b.size && [...a].every(([key, value]) => {
    const other = b.get(key)
    return other !== undefined && same(value, other)
  })
}
