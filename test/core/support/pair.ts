import type { Core, PathOut } from '../../../src/actors/contract/core.js'
import { Recorder } from './recorder.js'
import { feedLent, pieces } from './splits.js'

/** One end of a `Pair`. */
export interface End<C, E> {
  readonly core: C
  readonly out: Recorder<E>
  /** All that it has written so far. */
  readonly sent: Uint8Array[]
}

type AnyCore<E> = Core<{ readonly type: 'start' }, E, PathOut<E>>

/**
 * Two cores with a pipe of bytes each way and virtual time, after quinn's `tests/util.rs`: a whole conversation in
 * microseconds, and every byte of it in pieces of one size.
 */
export class Pair<E, A extends AnyCore<E> = AnyCore<E>, B extends AnyCore<E> = AnyCore<E>> {
  readonly a: End<A, E>
  readonly b: End<B, E>
  now = 1000
  private readonly split: (bytes: Uint8Array) => readonly Uint8Array[]

  /** @param split a size, or a function; default everything in one piece */
  constructor (a: A, b: B, split: number | ((bytes: Uint8Array) => readonly Uint8Array[]) = Infinity) {
    this.a = { core: a, out: new Recorder<E>(), sent: [] }
    this.b = { core: b, out: new Recorder<E>(), sent: [] }
    this.split = typeof split === 'number' ? bytes => pieces(bytes, split) : split
  }

  start (): this {
    this.a.core.command({ type: 'start' }, this.now, this.a.out)
    this.b.core.command({ type: 'start' }, this.now, this.b.out)
    return this
  }

  /** Moves bytes until both are silent. */
  run (): this {
    while (this.move(this.a, this.b) || this.move(this.b, this.a));
    return this
  }

  /** Jumps to the next timer of either. False when there is none. */
  sleep (): boolean {
    const due = Math.min(this.a.core.nextTimeout(), this.b.core.nextTimeout())
    if (due === Infinity) return false
    this.now = Math.max(this.now, due)
    this.a.core.expire(this.now, this.a.out)
    this.b.core.expire(this.now, this.b.out)
    return true
  }

  private move (from: End<unknown, E>, to: End<AnyCore<E>, E>): boolean {
    const bytes = from.out.takeWritten()
    if (bytes.length === 0) return false
    from.sent.push(bytes)
    feedLent(this.split(bytes), piece => { to.core.feed(piece, this.now, to.out) })
    return true
  }
}
