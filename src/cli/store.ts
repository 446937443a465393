/** Where the command line's node keeps its peers. */
import { join } from 'node:path'
import { fileDatastore, type OwnedDatastore, type PeerStoreOptions } from '../index.js'
import { Misuse } from './command.js'

export interface StoreOptions {
  /** The folder that the identity is in, too. */
  readonly data?: string | undefined
  /** `file` (default): `peers.log` in that folder. `level`: the folder `peers` in it, by datastore-level. */
  readonly store?: string | undefined
}

/** @throws Misuse for a store that there is none of, or that is not installed */
export async function peerStore ({ data, store = 'file' }: StoreOptions): Promise<{ readonly peerStore?: PeerStoreOptions }> {
  if (store !== 'file' && store !== 'level') throw new Misuse(`--store must be file or level; got '${store}'`)
  if (data === undefined) {
    if (store === 'level') throw new Misuse('--store level needs --data DIR')
    return {}
  }
  return { peerStore: { datastore: store === 'file' ? fileDatastore(data) : await levelIn(join(data, 'peers')) } }
}

/** Not installed with us: it brings 47 packages, and most need none of them. */
async function levelIn (folder: string): Promise<() => Promise<OwnedDatastore>> {
  const level = await import('datastore-level').catch(() => undefined)
  if (level === undefined) {
    throw new Misuse('--store level needs the package datastore-level, which is not installed: npm install datastore-level')
  }
  return async () => {
    const store = new level.LevelDatastore(folder)
    await store.open()
    return store
  }
}
