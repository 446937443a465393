import type { Cell } from '../cell.js'
import { containing, unowned } from '../containment.js'

/**
 * What the kernel reports. Beside the actor each kind has a subject and a detail:
 *
 * | kind | subject | detail |
 * |---|---|---|
 * | `spawned`, `started` | | |
 * | `message` | the message, before its step | |
 * | `changed` | the message whose step, effects included, left another state than it found | |
 * | `emitted` | the event | |
 * | `ending` | the `Exit` | |
 * | `down` | the `Exit` | |
 * | `crashed` | the `Exit`, `crashed` or `start-failed`; before `ending` | |
 * | `dead-letter` | the message; the actor is the root where nobody lives at the path | the `LostMessage` |
 * | `restarting` | name of the child | delay in milliseconds |
 * | `suspended` | name of the child | when it is tried again, in milliseconds |
 * | `late-error` | what was thrown by an actor that was ending already | where |
 * | `log` | `{ level, text, details }` | |
 * | `ended` | the root's `Exit`: the system has ended; the last report of all | |
 * | `observer-removed` | what the observer threw | the kind of report that it got, or what it had asked for |
 */
export type TraceKind =
  | 'spawned' | 'started' | 'message' | 'changed' | 'emitted' | 'ending' | 'down' | 'crashed' | 'dead-letter'
  | 'restarting' | 'suspended' | 'late-error' | 'log' | 'ended' | 'observer-removed'

export const traceKinds: readonly TraceKind[] = [
  'spawned', 'started', 'message', 'changed', 'emitted', 'ending', 'down', 'crashed', 'dead-letter',
  'restarting', 'suspended', 'late-error', 'log', 'ended', 'observer-removed'
]

/** Those that belong to the life of each actor, if not to each message. The others are news even in a busy system. */
export type FrequentKind = 'spawned' | 'started' | 'message' | 'changed' | 'emitted' | 'ending' | 'down'

/** Gets each report in the reporter's stack. Must be quick, must not keep the actor, must not throw: one that throws is removed. */
export type TraceSink = (kind: TraceKind, actor: Cell, subject: unknown, detail: unknown) => void

interface Observer {
  readonly sink: TraceSink
  readonly kinds: readonly TraceKind[]
}

/**
 * The one place through which a system can be observed; trees, logs, observables and transcripts are views of it.
 *
 * Whoever reports one of the frequent kinds looks first whether anybody listens; the rare ones (a crash, a restart, a lost
 * message) are reported without looking. So a log of what goes wrong is always there and costs no message anything.
 */
export class Trace {
  /** Whether anybody listens to a frequent kind: all that tracing costs an unobserved step is a look at this. */
  on: Readonly<Record<FrequentKind, boolean>> = listened([])
  private observers: readonly Observer[] = []
  private heard = byKind([])

  /** Adds an observer of these kinds, of all when none are named; returns how to remove it. */
  add (sink: TraceSink, kinds: readonly TraceKind[] = traceKinds): () => void {
    const observer: Observer = { sink, kinds }
    this.set([...this.observers, observer])
    return () => { this.remove(observer) }
  }

  report (kind: TraceKind, actor: Cell, subject?: unknown, detail?: unknown): void {
    // The lists are replaced, never changed: an observer that comes or goes meanwhile does not disturb this round.
    const observers = this.observersOf(kind)
    for (let i = 0; i < observers.length; i++) {
      const observer = observers[i]!
      try {
        // What an observer begins is not the doing of whom it observes.
        if (containing()) unowned(observer.sink, kind, actor, subject, detail)
        else observer.sink(kind, actor, subject, detail)
      } catch (error) {
        this.remove(observer)
        this.report('observer-removed', actor, error, kind)
      }
    }
  }

  private observersOf (kind: TraceKind): readonly Observer[] {
    const { heard } = this
    // A property by its written name is found in a third of the time that one by a variable takes.
    switch (kind) {
      case 'message': return heard.message
      case 'changed': return heard.changed
      case 'spawned': return heard.spawned
      case 'started': return heard.started
      case 'ending': return heard.ending
      case 'down': return heard.down
      default: return heard[kind]
    }
  }

  private remove (observer: Observer): void {
    this.set(this.observers.filter(other => other !== observer))
  }

  private set (observers: readonly Observer[]): void {
    this.observers = observers
    this.heard = byKind(observers)
    this.on = listened(observers)
  }
}

function byKind (observers: readonly Observer[]): Readonly<Record<TraceKind, readonly Observer[]>> {
  return Object.fromEntries(traceKinds.map(kind => [kind, observers.filter(({ kinds }) => kinds.includes(kind))])) as unknown as Record<TraceKind, readonly Observer[]>
}

function listened (observers: readonly Observer[]): Readonly<Record<FrequentKind, boolean>> {
  const to = (kind: TraceKind): boolean => observers.some(({ kinds }) => kinds.includes(kind))
  // Written out, so that all of them have one shape.
  return {
    spawned: to('spawned'),
    started: to('started'),
    message: to('message'),
    changed: to('changed'),
    emitted: to('emitted'),
    ending: to('ending'),
    down: to('down')
  }
}
