import type { Cell } from '../cell.js'
import type { Exit } from '../exit.js'
import type { Message } from '../message.js'
import type { System } from '../system.js'
import { describe, placeAt, statusOf, type PlaceStatus } from './place.js'
import { defined, plainExit, type Plain, type PlainExit } from './plain.js'
import type { TraceKind } from './trace.js'

/** What one sees who watches a place in the tree. JSON-safe. */
export interface Sighting {
  readonly path: string
  /** Milliseconds of the system's time. */
  readonly atMs: number
  /** `down` also when nobody ever lived there. */
  readonly status: PlaceStatus
  readonly behavior?: string
  readonly state: Plain
  /** The type of the message that brought the change. */
  readonly message?: string
  /** Of one that is down, as far as it is remembered. */
  readonly exit?: PlainExit
}

/** What of an actor's life is a change worth telling. */
export const watchedKinds: readonly TraceKind[] = ['started', 'changed', 'down']

/**
 * Looks at one place: now, when somebody starts there, after each message that changed the described state, and at the end
 * of whoever lives there. Stays for those who come after.
 *
 * @returns a sink for the `watchedKinds`
 */
export function watchSink (system: System, path: string, next: (sighting: Sighting) => void): (kind: TraceKind, actor: Cell, subject: unknown) => void {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const first = placeAt(system, path)
  let { cell } = first
  let shown = ''

  const see = (actor: Cell, message?: string): void => {
    const state = describe(actor)
    const text = JSON.stringify(state)
    if (message !== undefined && text === shown) return
    shown = text
    next(defined({ path, atMs: system.now(), status: statusOf(actor, undefined), behavior: actor.behavior.name, state, message }))
  }

  const seeEnd = (behavior: string | undefined, status: PlaceStatus, exit: Exit | undefined): void => {
    next(defined({ path, atMs: system.now(), status, behavior, state: null, exit: exit && plainExit(exit) }))
  }

  if (cell !== null) see(cell)
  else {
    const grave = system.graveyard.find(path)
    seeEnd(grave?.cell.behavior.name ?? first.slot?.behavior, first.slot === undefined ? 'down' : statusOf(null, first.slot), grave?.exit)
  }

  const livesHere = (actor: Cell): boolean => actor === cell || (actor.name === name && actor.path === path)
  return (kind, actor, subject) => {
    if (kind === 'changed') {
      if (actor === cell) see(actor, (subject as Message).type)
    } else if (livesHere(actor)) {
      if (kind === 'started') {
        cell = actor
        see(actor)
      } else {
        cell = null
        seeEnd(actor.behavior.name, 'down', subject as Exit)
      }
    }
  }
}
