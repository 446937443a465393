import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { AddressDirectory, ConnectionDirectory, ConnectionView } from '../contract/directory.js'

/**
 * What the facade shows without asking an actor. Each entry belongs to the actor that it is about, and goes with it however
 * it ends.
 */
export class Directory implements ConnectionDirectory, AddressDirectory {
  private readonly views = new Map<string, ConnectionView>()
  private listening: readonly Multiaddr[] = []

  /** In the order in which they were opened. */
  get connections (): Iterable<ConnectionView> {
    return this.views.values()
  }

  get addresses (): readonly Multiaddr[] {
    return this.listening
  }

  connection (path: string): ConnectionView | undefined {
    return this.views.get(path)
  }

  enter (view: ConnectionView): Disposable {
    const { path } = view.info
    this.views.set(path, view)
    return {
      [Symbol.dispose]: () => {
        // A path can be used again, by a later life of its place.
        if (this.views.get(path) === view) this.views.delete(path)
      }
    }
  }

  publish (addresses: readonly Multiaddr[]): void {
    this.listening = addresses
  }
}
