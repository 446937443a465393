/**
 * The peer store, in memory: a crash loses what it knew, and connections bring the most of it back. A table without a
 * lifecycle, so a reducer around the `PeerBook`, which is changed in place.
 */
import type { PeerStoreMessage, PeerStoreReply, PeerUpdated } from '../../messages/peer-store.js'
import type { Behavior } from '../../runtime/behavior/behavior.js'
import type { Out } from '../../runtime/behavior/out.js'
import { reducer } from '../../runtime/behavior/reducer.js'
import { checkPeerStoreLimits, PeerBook, peerStoreDefaults, type PeerStoreLimits } from './peer-book.core.js'

export interface PeerStoreInput {
  readonly limits?: Partial<PeerStoreLimits>
}

interface PeerStoreEffects {
  merge: { readonly book: PeerBook, readonly message: Extract<PeerStoreMessage, { type: 'peer-store.merge' }> }
}

export const peerStore: Behavior<PeerStoreMessage, PeerStoreInput | undefined, PeerBook> = reducer({
  name: 'peer-store',
  // All requests of the swarm may ask in one turn.
  mailboxCapacity: 8192,
  initial: (input: PeerStoreInput | undefined): PeerBook => new PeerBook(checkPeerStoreLimits({ ...peerStoreDefaults, ...input?.limits })),
  step (book, message: PeerStoreMessage, out: Out<PeerStoreEffects>): PeerBook {
    switch (message.type) {
      case 'peer-store.merge':
        // What time it is only effects know.
        out.do('merge', { book, message })
        return book
      case 'peer-store.get':
        out.tell(message.replyTo, { type: 'peer-store.peer', id: message.id, info: book.get(message.peer) })
        return book
      case 'peer-store.all':
        out.tell(message.replyTo, { type: 'peer-store.peers', id: message.id, peers: book.all() })
        return book
      case 'peer-store.forget':
        out.tell(message.replyTo, { type: 'peer-store.peer', id: message.id, info: book.forget(message.peer) })
        return book
      case 'peer-store.connected':
        book.connected(message.peer)
        return book
      case 'peer-store.disconnected':
        book.disconnected(message.peer)
        return book
    }
  },
  effects: {
    merge (actor, { book, message: { peer, patch, id = '', replyTo } }) {
      const { info, changed } = book.merge(peer, patch, actor.now())
      if (info !== undefined && changed) {
        const event: PeerUpdated = { type: 'peer.updated', info }
        actor.emit(event)
      }
      const reply: PeerStoreReply = { type: 'peer-store.peer', id, info }
      replyTo?.tell(reply)
    }
  },
  describe: book => ({ peers: book.size, bytes: book.bytes })
})
