/**
 * How many attempts may be under way at a time: in all, and of one peer. Who comes too late waits his turn; a peer that has all that
 * it may have keeps nobody else waiting.
 *
 * A slot is held or waited for until it is disposed, so it dies with the actor that owns it. Each verb costs the same however
 * many wait.
 */
export interface SlotLimits {
  /** Attempts in all. Default 256: handshakes for a third of a second of CPU, and a quarter of the descriptors of a common system. Limits: a protocol that dials whatever it is told. */
  readonly attempts: number
  /** Of one peer. Default 8, as go. Limits: a peer with hundreds of addresses, at which others live. */
  readonly attemptsPerPeer: number
}

export const slotDefaults: SlotLimits = { attempts: 256, attemptsPerPeer: 8 }

export class DialSlots {
  readonly limits: SlotLimits
  private held = 0
  private readonly peers = new Map<string, PeerSlots>()
  /** Those whose peer lets them, in the order in which it did. */
  private readonly ready = new Set<Slot>()

  constructor (limits: Partial<SlotLimits> = {}) {
    this.limits = { ...slotDefaults, ...limits }
  }

  /** For inspection. */
  get use (): { readonly held: number, readonly ready: number, readonly peers: number } {
    return { held: this.held, ready: this.ready.size, peers: this.peers.size }
  }

  /**
   * @param granted called once: at once, or in the stack of whoever gives one back
   * @returns what is held or waited for; disposing it gives it back, or waits no more
   */
  take (peer: string, granted: () => void): Disposable {
    const slot = new Slot(this, peer, granted)
    const slots = this.peers.get(peer) ?? { taken: 0, waiting: new Set<Slot>() }
    this.peers.set(peer, slots)
    if (slots.taken >= this.limits.attemptsPerPeer) slots.waiting.add(slot)
    else {
      slots.taken++
      this.enter(slot)
    }
    return slot
  }

  private enter (slot: Slot): void {
    slot.state = 'ready'
    this.ready.add(slot)
    this.grant()
  }

  private grant (): void {
    for (const slot of this.ready) {
      if (this.held >= this.limits.attempts) return
      this.ready.delete(slot)
      this.held++
      slot.state = 'held'
      slot.granted()
    }
  }

  /** @internal Of slots. */
  giveBack (slot: Slot): void {
    const { state, peer } = slot
    if (state === 'given back') return
    slot.state = 'given back'
    const slots = this.peers.get(peer)
    if (slots === undefined) return
    if (state === 'waiting') slots.waiting.delete(slot)
    else {
      slots.taken--
      if (state === 'held') this.held--
      else this.ready.delete(slot)
      for (const next of slots.waiting) {
        slots.waiting.delete(next)
        slots.taken++
        this.enter(next)
        break
      }
    }
    if (slots.taken === 0 && slots.waiting.size === 0) this.peers.delete(peer)
    this.grant()
  }
}

interface PeerSlots {
  /** Held, or waiting for the node only. */
  taken: number
  readonly waiting: Set<Slot>
}

class Slot implements Disposable {
  state: 'waiting' | 'ready' | 'held' | 'given back' = 'waiting'
  readonly peer: string
  readonly granted: () => void
  private readonly slots: DialSlots

  constructor (slots: DialSlots, peer: string, granted: () => void) {
    this.slots = slots
    this.peer = peer
    this.granted = granted
  }

  [Symbol.dispose] (): void {
    this.slots.giveBack(this)
  }
}
