import type { SwarmMessage } from '../../messages/swarm.js'
import type { ActorRef } from '../../runtime/ref.js'
import type { AccessEntry, AccessLists } from '../gater/access-lists.core.js'

/**
 * Whom the node deals with: peers and ranges of IP addresses that are blocked, and those that alone are allowed. A change holds
 * at once, also for connections that are open: those that may not be any more are closed with `connection/gated`.
 *
 *     node.access.block('203.0.113.0/24')
 *     node.access.block(peerId)
 *     node.access.allow('10.0.0.0/8')      // from now on only addresses of that network
 */
export class Access {
  readonly #lists: AccessLists
  readonly #swarm: () => ActorRef<SwarmMessage>

  constructor (lists: AccessLists, swarm: () => ActorRef<SwarmMessage>) {
    this.#lists = lists
    this.#swarm = swarm
  }

  /** From now on only those that are allowed, of this kind: peers, or addresses. @throws TypeError for what is neither a peer id nor a range */
  allow (entry: AccessEntry): void {
    this.#lists.allow(entry)
    this.#recheck()
  }

  /** Takes it off the list of those that are allowed. When the last has gone, everybody is. @throws TypeError */
  disallow (entry: AccessEntry): void {
    this.#lists.disallow(entry)
    this.#recheck()
  }

  /** What is blocked is refused, allowed or not. @throws TypeError */
  block (entry: AccessEntry): void {
    this.#lists.block(entry)
    this.#recheck()
  }

  /** @throws TypeError */
  unblock (entry: AccessEntry): void {
    this.#lists.unblock(entry)
  }

  /** All entries, as text. */
  get entries (): AccessLists['entries'] {
    return this.#lists.entries
  }

  #recheck (): void {
    this.#swarm().tell({ type: 'swarm.recheck' })
  }
}
