import type { OwnedDatastore } from '../peer-store/datastore.js'

/**
 * Keeps peers in `folder/peers.log`, a file of our own making: no package is needed, nothing is loaded and no file is touched
 * before the node first reads it. One process at a time. For the option `peerStore.datastore`.
 */
export function fileDatastore (folder: string): () => Promise<OwnedDatastore> {
  if (typeof folder !== 'string' || folder === '') throw new TypeError('fileDatastore: argument \'folder\' must be the path of a folder')
  return async () => (await import('../peer-store/file-datastore.port.js')).FileDatastore.open(folder)
}
