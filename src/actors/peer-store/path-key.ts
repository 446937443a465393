import type { DatastoreKey } from './datastore.js'

/** A key as `interface-datastore` has them, with all that implementations and wrappers (sharding, mounting, tiering) ask of one. */
export class PathKey implements DatastoreKey {
  private readonly path: string

  /** @param path `/a/b` */
  constructor (path: string) {
    this.path = path
  }

  toString (): string {
    return this.path
  }

  uint8Array (): Uint8Array {
    return new TextEncoder().encode(this.path)
  }

  get [Symbol.toStringTag] (): string {
    return `Key(${this.path})`
  }

  list (): string[] {
    return this.path.split('/').slice(1)
  }

  namespaces (): string[] {
    return this.list()
  }

  baseNamespace (): string {
    return this.list().at(-1) ?? ''
  }

  name (): string {
    return this.baseNamespace().split(':').at(-1) ?? ''
  }

  type (): string {
    return this.baseNamespace().split(':').slice(0, -1).join(':')
  }

  parent (): PathKey {
    return new PathKey(`/${this.list().slice(0, -1).join('/')}`)
  }

  child (key: DatastoreKey): DatastoreKey {
    if (this.path === '/') return key
    return key.toString() === '/' ? this : new PathKey(`${this.path}${key.toString()}`)
  }

  less (key: DatastoreKey): boolean {
    return this.path < key.toString()
  }

  isAncestorOf (other: DatastoreKey): boolean {
    return other.toString() !== this.path && other.toString().startsWith(this.path)
  }

  /** Spelt as `interface-datastore` spells it. */
  isDecendantOf (other: DatastoreKey): boolean {
    return other.toString() !== this.path && this.path.startsWith(other.toString())
  }

  isTopLevel (): boolean {
    return this.list().length === 1
  }
}
