/** What the tags of a peer say: how much it is worth, and whether its connection is to be kept. */
import type { PeerInfo } from '../../messages/peer-store.js'

interface Tag {
  readonly value: number
  readonly expiresAt: number
}

/** js-libp2p's `KEEP_ALIVE`: any tag whose name begins like this. */
const keepAliveTag = 'keep-alive'

/** Sum of the values of the tags that hold now. */
export function worthOf (info: PeerInfo, now: number): number {
  let worth = 0
  for (const { expiresAt, value } of tagsOf(info).values()) if (expiresAt > now) worth += value
  return worth
}

export function isKept (info: PeerInfo, now: number): boolean {
  for (const [name, { expiresAt }] of tagsOf(info)) if (name.startsWith(keepAliveTag) && expiresAt > now) return true
  return false
}

function tagsOf (info: PeerInfo & { readonly tags?: ReadonlyMap<string, Tag> }): ReadonlyMap<string, Tag> {
  return info.tags ?? none
}

const none: ReadonlyMap<string, Tag> = new Map()
