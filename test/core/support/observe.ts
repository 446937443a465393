import type { Core, PathOut } from '../../../src/actors/contract/core.js'
import { concat, hex, Recorder } from './recorder.js'
import { cut, everySplit, feedLent } from './splits.js'

/** All that can be seen of a core from outside. */
export interface Observation<E> {
  readonly written: string
  readonly delivered: string
  readonly events: readonly E[]
  readonly failure: string | undefined
}

type Startable<E> = Core<{ readonly type: 'start' }, E, PathOut<E>>

/** Feeds a fresh core with these pieces, from memory that is used again, and looks whether it keeps its bounds. */
export function observe<E> (core: Startable<E>, split: readonly Uint8Array[], started = true): Observation<E> {
  const out = new Recorder<E>()
  if (started) core.command({ type: 'start' }, 0, out)
  feedLent(split, bytes => {
    core.feed(bytes, 0, out)
    mustKeepBounds(core, out)
  })
  return { written: hex(concat(out.written)), delivered: hex(concat(out.delivered)), events: out.events, failure: out.failure?.code }
}

export function mustKeepBounds (core: Pick<Core<never, never>, 'bufferedBytes' | 'bufferedBound' | 'failed'>, out: Recorder): void {
  if (!(core.bufferedBytes <= core.bufferedBound)) throw new Error(`${core.bufferedBytes} bytes are held; the bound is ${core.bufferedBound}`)
  // An owner who ends it himself is not told.
  if (out.failure !== undefined && core.failed !== out.failure.code) throw new Error(`failed is ${core.failed}, told was ${out.failure.code}`)
  if (out.late > 0) throw new Error(`${out.late} calls after the failure`)
}

/** Every split of these bytes must look the same. @param plain what is compared of an event */
export function mustNotDependOnSplit<E> (make: () => Startable<E>, bytes: Uint8Array, plain: (event: E) => unknown = event => event): Observation<E> {
  const whole = observe(make(), [bytes])
  const expected = JSON.stringify({ ...whole, events: whole.events.map(plain) })
  for (const { name, split } of everySplit(bytes)) {
    const seen = observe(make(), split)
    const actual = JSON.stringify({ ...seen, events: seen.events.map(plain) })
    if (actual !== expected) throw new Error(`in ${name}:\n${actual}\ninstead of\n${expected}`)
  }
  return whole
}

/** Cut off after each byte: nothing fails, and what is seen is the beginning of what is seen of the whole. */
export function mustSurviveTruncation<E> (make: () => Startable<E>, bytes: Uint8Array): void {
  const whole = observe(make(), [bytes])
  for (let length = 0; length < bytes.length; length++) {
    const part = observe(make(), cut(bytes.slice(0, length)))
    if (part.failure !== undefined) throw new Error(`cut after ${length} bytes: ${part.failure}`)
    if (!whole.written.startsWith(part.written) || !whole.delivered.startsWith(part.delivered) || part.events.length > whole.events.length) {
      throw new Error(`cut after ${length} bytes: ${JSON.stringify(part)}`)
    }
  }
}
