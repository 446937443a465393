/** What the tags of a peer say of its worth. */
import type { PeerInfo } from '../../messages/peer-store.js'

/** Sum of the values of the tags that hold now. */
export function worthOf (info: PeerInfo, now: number): number {
  let worth = 0
  for (const { expiresAt, value } of info.tags.values()) if (expiresAt > now) worth += value
  return worth
}
