/**
 * What an actor of the test company does, as data.
 *
 * A *player* follows a script: cues at times after its start, each with one action. When the script is over it rests, and
 * what it then holds is known beforehand: so a ledger can be compared with what it must be, and a restarted player comes to
 * the same rest again. Everything that one player can do to another stands in its spec, so who may affect whom is known
 * without running anything (`affected.ts`).
 */
import type { AnyBehavior } from '../../../src/runtime/cell.js'
import type { Restart } from '../../../src/runtime/context.js'
import type { Backoff, Intensity, Strategy } from '../../../src/runtime/supervision.js'

/** Which of the three kinds of behaviour runs it. */
export type Kind = 'reducer' | 'machine' | 'compiled'
export const kinds: readonly Kind[] = ['reducer', 'machine', 'compiled']

/**
 * How it takes a stop: without a say in it; with a message, ending in that step; with a message, ending a while later; with
 * a message, never ending by itself.
 */
export type Leaving = 'at-once' | 'quick' | 'slow' | 'hanging'
export const leavings: readonly Leaving[] = ['at-once', 'quick', 'slow', 'hanging']

/** What it does with a handle that a message brings. */
export type HandlePolicy = 'own' | 'pass' | 'into-task' | 'ignore'

/** How it answers questions. */
export type AnswerPolicy = 'at-once' | 'late' | 'with-handle' | 'never'

export type Action =
  /** A plain message, then so many with a handle. */
  | { readonly do: 'tell', readonly to: string, readonly handles: number }
  /** So many questions at a time. */
  | { readonly do: 'ask', readonly to: string, readonly times: number, readonly withinMs: number }
  /** A task that sleeps, then succeeds or fails (heard as a message). */
  | { readonly do: 'sleep', readonly ms: number, readonly fails: boolean }
  /** So many tasks at a time, each of which brings a handle. */
  | { readonly do: 'fetch', readonly ms: number, readonly times: number }
  /** A task that is cancelled after a while. */
  | { readonly do: 'cancel', readonly afterMs: number }
  /** A task that waits for several sleeps at a time, one after the other inside each. */
  | { readonly do: 'gather', readonly ms: readonly number[] }
  /** A task that never ends by itself; a heedful one ends when its signal says so, a sleeping one by its sleep. */
  | { readonly do: 'hang', readonly how: 'heedful' | 'heedless' | 'sleeping' }
  /** A periodic timer for so many rounds. */
  | { readonly do: 'beat', readonly everyMs: number, readonly rounds: number }
  /** A timer that is replaced by another, and one that is cancelled after it was armed. */
  | { readonly do: 'retime', readonly ms: number }
  /** Watches that place, and watches again when it went down. */
  | { readonly do: 'watch', readonly target: string }
  /** Calls back all who listen on that bus. */
  | { readonly do: 'emit', readonly bus: number }
  /** Opens a link to another's machine, talks, and ends it after a while. */
  | { readonly do: 'connect', readonly to: string, readonly forMs: number }
  | { readonly do: 'spawn', readonly player: PlayerSpec }
  | { readonly do: 'stop', readonly target: string }
  | { readonly do: 'kill', readonly target: string }
  /** The last cue of who ends by itself. */
  | { readonly do: 'done' }

export interface Cue {
  readonly atMs: number
  readonly action: Action
}

export interface PlayerSpec {
  readonly path: string
  readonly name: string
  /** Spawned without a name: then `name` is its number. */
  readonly numbered: boolean
  readonly parent: PlayerSpec | null
  readonly kind: Kind
  readonly restart: Restart
  /** Has a slot with its parent, who starts it anew: false for temporary ones spawned at run time. */
  readonly supervised: boolean
  /** Its behaviour has `supervision`. */
  readonly strategy: Strategy | null
  readonly intensity: Intensity
  readonly backoff: Backoff
  /** Static children, in order. */
  readonly children: PlayerSpec[]
  readonly leaving: Leaving
  readonly stopGraceMs: number
  readonly crashGraceMs: number
  /** Crashes when more than a few messages wait. */
  readonly crashesWhenFull: boolean
  readonly script: Cue[]
  readonly onHandle: HandlePolicy
  readonly passesTo: string | null
  readonly answers: AnswerPolicy
  /** The bus on which it listens, through `io`. */
  readonly listensOn: number | null
  /** Takes links from others. */
  readonly serves: boolean
  /** Resources that it owns as long as it lives. */
  readonly keeps: number
  /** Whether it keeps a timer armed that is not due before the end of the test. */
  readonly waits: boolean
  behavior: AnyBehavior | null
}

/** How long a slow one takes to leave. */
export const slowMs = 8
/** Cues come no earlier than this after the start, when all static children of the tree have started. */
export const firstCueMs = 3
/** Not before the end of any test. */
export const farAwayMs = 1e7
/** The number of messages that must never arrive. */
export const cancelled = -2
/** Messages of others that may wait for a player that crashes when it is full. */
export const smallMailbox = 12

/** A spec with everything left out that is not wanted. */
export function player (parent: PlayerSpec | null, name: string, parts: Partial<Omit<PlayerSpec, 'parent' | 'name' | 'path'>> = {}): PlayerSpec {
  return {
    path: `${parent?.path ?? ''}/${name}`,
    name,
    numbered: false,
    parent,
    kind: 'reducer',
    restart: 'permanent',
    supervised: true,
    strategy: null,
    intensity: {},
    backoff: {},
    children: [],
    leaving: 'at-once',
    stopGraceMs: 40,
    crashGraceMs: 20,
    crashesWhenFull: false,
    script: [],
    onHandle: 'own',
    passesTo: null,
    answers: 'at-once',
    listensOn: null,
    serves: false,
    keeps: 0,
    waits: false,
    behavior: null,
    ...parts
  }
}

/** The player and all below it, those that it spawns at run time included. */
export function* family (spec: PlayerSpec): Generator<PlayerSpec> {
  yield spec
  for (const child of childrenOf(spec)) yield* family(child)
}

/** Static children, then those it spawns at run time. */
export function* childrenOf (spec: PlayerSpec): Generator<PlayerSpec> {
  yield* spec.children
  for (const { action } of spec.script) if (action.do === 'spawn') yield action.player
}
