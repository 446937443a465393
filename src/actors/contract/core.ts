/**
 * The grammar of a core: the bytes of one protocol, with no socket, no clock and no randomness in it (design 1.5).
 *
 * Verbs, called by whoever owns the core, one at a time and never from within each other:
 *
 * - `feed(bytes, now, out)`: what has arrived, in pieces of any size; the result is the same for every split.
 * - `command(command, now, out)`: what the owner wants.
 * - `expire(now, out)`: time has passed. Does nothing when nothing is due, so a timer may fire early.
 * - `nextTimeout()`: when to call `expire` next. To be asked after each verb; a later answer than before needs no new
 *   timer, for the old one then only fires early.
 * - getters, at any time.
 *
 * `now` is in milliseconds, and never goes back. Secrets, keys and entropy are arguments.
 *
 * **What the remote gets wrong never throws:** the core calls `out.fail(code)` once, as its last call, and is *poisoned*:
 * from then on every verb does nothing. What it has written before (a last go-away) is still to be sent. A throw is our
 * own bug, or the owner's wrong argument.
 *
 * **Bounds.** `bufferedBytes` never exceeds `bufferedBound`, at every step, whatever the remote sends.
 */
import type { ErrorCode } from '../../messages/errors.js'

export interface Core<Command, Event, Out extends CoreOut<Event> = CoreOut<Event>> {
  feed (bytes: Uint8Array, now: number, out: Out): void
  command (command: Command, now: number, out: Out): void
  expire (now: number, out: Out): void
  /** Infinity when nothing is waited for. */
  nextTimeout (): number
  /** Why it is poisoned; undefined while it works. */
  readonly failed: ErrorCode | undefined
  /** Bytes from the remote that it holds. */
  readonly bufferedBytes: number
  /** Most that it can hold as things are. */
  readonly bufferedBound: number
}

/** Where a core puts what it has to say. One sink is used again and again; a core keeps none. */
export interface CoreOut<Event> {
  /**
   * To the remote, behind what was written before. The memory is the sink's from now on.
   * @param sole the buffer holds nothing else and nobody else has it: it may be given back once it was sent. Default false
   */
  write (bytes: Uint8Array, sole?: boolean): void
  /** As `write`, but the memory is only lent: good until the call returns. */
  lend (bytes: Uint8Array): void
  emit (event: Event): void
  /** The remote has broken the protocol, or its time is up. The last call. */
  fail (code: ErrorCode, text: string): void
}

/** The sink of a core that hands bytes on: plaintext, or what was left over when its own part was done. */
export interface PathOut<Event> extends CoreOut<Event> {
  /** For whoever comes next, in order. The memory is what `feed` was given, or fresh: each core says which. */
  deliver (bytes: Uint8Array): void
}
