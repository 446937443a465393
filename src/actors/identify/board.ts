import type { IdentifyMessage } from '../../messages/identify.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import type { Announcement } from './announcement.core.js'

/** What the handler of a push wants of the service. */
export interface ServiceDesk {
  readonly tell: (message: IdentifyMessage) => void
  /** Whether the peer may push now; then it has. */
  readonly mayPush: (peer: PeerId) => boolean
}

/**
 * What the identify service leaves for the handlers of its streams, so that they need not ask it: one board per node. Written
 * by the service alone. It outlives the service: while that is down, peers are told what was true last, and the next service
 * goes on from there (the number of the signed record must grow).
 */
export class Board {
  private present: Announcement | undefined
  private readonly waiting = new Set<(announcement: Announcement) => void>()
  /** Undefined while it is down. */
  service: ServiceDesk | undefined

  get announcement (): Announcement | undefined {
    return this.present
  }

  publish (announcement: Announcement): void {
    this.present = announcement
    for (const resolve of [...this.waiting]) resolve(announcement)
  }

  /** The present announcement; before there is one, the first. @throws (as rejection) the signal's reason */
  async read (signal: AbortSignal): Promise<Announcement> {
    if (this.present !== undefined) return this.present
    signal.throwIfAborted()
    return await new Promise((resolve, reject) => {
      const settled = (announcement: Announcement): void => {
        this.waiting.delete(settled)
        signal.removeEventListener('abort', aborted)
        resolve(announcement)
      }
      const aborted = (): void => {
        this.waiting.delete(settled)
        reject(signal.reason as Error)
      }
      this.waiting.add(settled)
      signal.addEventListener('abort', aborted, { once: true })
    })
  }
}
