/**
 * The datastore, as the peer store uses it: outside code, which may be slow, fail, or never answer. One thing at a time, in
 * order: a write that is late, and that its asker has given up, must not land on top of a newer one.
 */
import { NetworkError } from '../../messages/errors.js'
import type { Datastore, DatastoreSource, OwnedDatastore } from './datastore.js'
import { PathKey } from './path-key.js'

/** Peers lie beside what others keep in the same datastore; js-libp2p has `/peers/`, in a form of its own. */
const prefix = '/troupe/peers/'

export interface StoredPeers {
  readonly peers: readonly Uint8Array[]
  /** What the datastore itself has found to be damaged: one sentence each. */
  readonly damages: readonly string[]
}

export class PeerDisk {
  private readonly source: DatastoreSource
  private opened: OwnedDatastore | undefined
  private told = false
  /** Settled, and fulfilled always, when the last thing that was asked for is over. */
  private last: Promise<unknown> = Promise.resolve()
  private queued = 0
  private closed: Promise<void> | undefined

  constructor (source: DatastoreSource) {
    this.source = source
  }

  /** All that is stored. Opens the datastore when that was not done yet. */
  load (): Promise<StoredPeers> {
    return this.next(async () => {
      const store = await this.open()
      const peers: Uint8Array[] = []
      for await (const { value } of store.query({ prefix })) peers.push(value)
      const { damages = [] } = this.opened ?? {}
      const fresh = this.told ? [] : damages
      this.told = true
      return { peers, damages: fresh }
    })
  }

  /** All of it, or none where the datastore's batches are like that; null forgets a peer. */
  write (changes: ReadonlyArray<readonly [peer: string, value: Uint8Array | null]>): Promise<void> {
    return this.next(async () => {
      const batch = (await this.open()).batch()
      for (const [peer, value] of changes) {
        const key = new PathKey(`${prefix}${peer}`)
        if (value === null) batch.delete(key)
        else batch.put(key, value)
      }
      await batch.commit()
    })
  }

  /** Of a datastore that the node has made. Never rejects: what was to be written has been. */
  close (): Promise<void> {
    this.closed ??= this.last.then(async () => { await this.opened?.close?.() }).catch(() => {})
    return this.closed
  }

  private async open (): Promise<Datastore> {
    const { source } = this
    if (typeof source !== 'function') return source
    if (this.closed !== undefined) throw new Error('the datastore is closed')
    this.opened ??= await source()
    return this.opened
  }

  /** One that waits is enough: a datastore that never answers must not gather what is to be written. */
  private async next<T> (run: () => Promise<T>): Promise<T> {
    if (this.queued > 1) throw new NetworkError('store/timeout', { detail: 'it is busy still with what it was asked before' })
    this.queued++
    const done = this.last.then(run)
    this.last = done.catch(() => {}).then(() => { this.queued-- })
    return done
  }
}
