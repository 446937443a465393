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
    return new Entry(this.views, view)
  }

  publish (addresses: readonly Multiaddr[]): void {
    this.listening = addresses
  }
}

class Entry implements Disposable {
  private readonly views: Map<string, ConnectionView>
  private readonly view: ConnectionView

  constructor (views: Map<string, ConnectionView>, view: ConnectionView) {
    this.views = views
    this.view = view
  }

  [Symbol.dispose] (): void {
    const { path } = this.view.info
    // A path can be used again, by a later life of its place.
    if (this.views.get(path) === this.view) this.views.delete(path)
  }
}
