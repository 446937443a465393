/**
 * Where peers are kept: what we need of an `interface-datastore` (npm), by shape, so that any implementation can be given and
 * none is a dependency of ours.
 */
export interface Datastore {
  batch(): DatastoreBatch
  query(query: { readonly prefix: string }): Iterable<DatastorePair> | AsyncIterable<DatastorePair>
}

export interface DatastoreBatch {
  put(key: DatastoreKey, value: Uint8Array): void
  delete(key: DatastoreKey): void
  /** Resolved: it is in the store, all of it. */
  commit(): void | Promise<void>
}

export interface DatastorePair {
  readonly key: DatastoreKey
  readonly value: Uint8Array
}

/** A path: `/a/b`. */
export interface DatastoreKey {
  toString(): string
  uint8Array(): Uint8Array
}

/** One that the node has made for itself, and so closes when it stops. */
export interface OwnedDatastore extends Datastore {
  close?(): void | Promise<void>
  /** What was found to be damaged, and left out, when it was opened: one sentence each. */
  readonly damages?: readonly string[]
}

/**
 * A datastore that somebody else opens and closes; or how to make one, which the node does when it first needs it and closes
 * when it stops.
 */
export type DatastoreSource = Datastore | (() => OwnedDatastore | Promise<OwnedDatastore>)
