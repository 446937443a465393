/**
 * At which point of its life an actor threw. `escaped`: in what it had begun and left to itself, a timer, promise or callback of its
 * own (with `containUncaught`).
 */
export type CrashPoint = 'start' | 'step' | 'effect' | 'task' | 'timer' | 'io' | 'defer' | 'stop' | 'mailbox' | 'escaped'

/**
 * Why an actor ended.
 *
 * - `done`: it reached its own end (a final state, `out.done`).
 * - `stopped`: somebody asked it to stop and it did, within the grace.
 * - `killed`: ended at once, without being asked: by an operator, by a parent that crashed, or because the grace was over.
 * - `crashed`: it threw. `at` says where; `error` is what it threw.
 * - `start-failed`: it threw before it had a state. Its spawner is told; nobody restarts it.
 *
 * `because` names the actor whose end brought this one about: a child that went down with its parent names the parent.
 */
export type Exit =
  | { readonly kind: 'done', readonly output: unknown }
  | { readonly kind: 'stopped', readonly reason: string, readonly because?: Blame }
  | { readonly kind: 'killed', readonly reason: string, readonly error?: unknown, readonly because?: Blame, readonly counted?: boolean }
  | { readonly kind: 'crashed', readonly at: CrashPoint, readonly error: unknown, readonly message?: string }
  | { readonly kind: 'start-failed', readonly error: unknown, readonly because?: Blame }

/** The end of another actor, as a cause. */
export interface Blame {
  readonly path: string
  readonly exit: Exit
}

/**
 * The end of an actor as the cause of its children's. Knows the path only when somebody asks: in a tree of a hundred thousand
 * levels each has a path of that length.
 */
export class EndAbove implements Blame {
  private readonly cell: { readonly path: string }
  readonly exit: Exit

  constructor (cell: { readonly path: string }, exit: Exit) {
    this.cell = cell
    this.exit = exit
  }

  get path (): string {
    return this.cell.path
  }
}

/** The news of an actor's end, as its watchers get it. */
export interface Down {
  readonly path: string
  readonly exit: Exit
}

/** True for the ends that a `transient` child is restarted after. A `permanent` one is after any, and each counts. */
export function isFailure (exit: Exit): boolean {
  return exit.kind === 'crashed' || exit.kind === 'start-failed' || exit.kind === 'killed'
}

/** The cause that an end has above it, for one that follows from it. */
export function becauseOf (exit: Exit | undefined): { because?: Blame } {
  return exit !== undefined && 'because' in exit && exit.because !== undefined ? { because: exit.because } : {}
}
