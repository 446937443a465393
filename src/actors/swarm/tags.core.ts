/** What the tags of a peer say: how much it is worth, and whether its connection is to be kept. */
import { keepAliveTag, type PeerInfo } from '../../messages/peer-store.js'

/** Sum of the values of the tags that hold now. */
export function worthOf (info: PeerInfo, now: number): number {
  let worth = 0
  for (const { expiresAt, value } of info.tags.values()) if (expiresAt > now) worth += value
  return worth
}

export function isKept (info: PeerInfo, now: number): boolean {
  for (const [name, { expiresAt }] of info.tags) if (name.startsWith(keepAliveTag) && expiresAt > now) return true
  return false
}
