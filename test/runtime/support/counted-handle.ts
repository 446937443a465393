/**
 * Handles that count: what the tests use for sockets, links and subscriptions.
 *
 * Each must be disposed exactly once, whatever dies around it. A log knows those that are open, and complains of one that is
 * disposed twice.
 */
import type { Handles } from '../../../src/runtime/handles.js'

export class CountedHandle implements Disposable {
  readonly label: string
  private readonly log: HandleLog
  private readonly whenDisposed: (() => void) | undefined

  constructor (log: HandleLog, label: string, whenDisposed: (() => void) | undefined) {
    this.log = log
    this.label = label
    this.whenDisposed = whenDisposed
  }

  [Symbol.dispose] (): void {
    this.log.disposed(this)
    this.whenDisposed?.()
  }
}

export class HandleLog {
  readonly open = new Set<CountedHandle>()
  readonly disposedTwice: string[] = []
  made = 0
  /** The system's own count, as a real port would keep it. */
  private readonly handles: Handles

  constructor (handles: Handles) {
    this.handles = handles
  }

  make (label: string, whenDisposed?: () => void): CountedHandle {
    const handle = new CountedHandle(this, label, whenDisposed)
    this.made++
    this.open.add(handle)
    this.handles.opened(handle, label)
    return handle
  }

  disposed (handle: CountedHandle): void {
    if (!this.open.delete(handle)) this.disposedTwice.push(handle.label)
    this.handles.closed(handle)
  }
}
