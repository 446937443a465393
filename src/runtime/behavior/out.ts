import type { ActorContext } from '../context.js'
import type { Message } from '../message.js'
import type { Tellable } from '../ref.js'

/** Effect names with the type of their parameters: `{ openStream: { id: number }, close: undefined }`. */
export type Effects = object

/** One function per effect. It runs after the step has succeeded, in the order in which the step asked. */
export type Handlers<E extends Effects, M extends Message = Message> = {
  readonly [K in keyof E]: (actor: ActorContext<M>, params: E[K]) => void
}

/** The form in which the kernel keeps handlers: looked up by name, parameters unchecked (the compiler checked them). */
export type AnyHandler = (actor: ActorContext, params: unknown) => void
export type HandlerTable = Readonly<Record<string, AnyHandler>>

/** An act that a step asked for: called with the actor and two operands once the step has succeeded. */
export type Act = (actor: ActorContext, a: unknown, b: unknown) => void

/** Names whose parameters may be left out. */
type Bare<E> = { [K in keyof E]: undefined extends E[K] ? K : never }[keyof E]

/**
 * What a step wants done, as data.
 *
 * A step is pure: it only notes its wishes here, and the cell carries them out after the step has returned. A step that
 * throws leaves no trace in the world. One `Out` is reused for every step of a system (steps never nest), so a step must
 * not keep it.
 */
export class Out<E extends Effects = Effects> {
  /** Flat triples: act, first operand, second operand. A list of objects would cost an allocation per effect. */
  private readonly acts: unknown[] = []
  private length = 0
  private handlers: HandlerTable = noHandlers
  /** Set by `done`. */
  finished = false
  output: unknown = undefined

  /** Runs the named effect with its parameters. */
  do<K extends Bare<E> & string> (name: K, params?: E[K]): void
  do<K extends keyof E & string> (name: K, params: E[K]): void
  do (name: string, params?: unknown): void {
    const handler = this.handlers[name]
    if (handler === undefined) throw new TypeError(`effect '${name}' has no handler`)
    this.push(handler, params, undefined)
  }

  /** Sends `message`. That it was refused shows in the dead letters; use an effect to react to it. */
  tell<M extends Message> (to: Tellable<M>, message: M): void {
    this.push(tellAct, to, message)
  }

  /** Arms the timer `key`: after `delayMs` the actor receives `message`. An older timer of that key is replaced. */
  timer (key: string, delayMs: number, message: Message): void {
    if (!(delayMs >= 0)) throw new RangeError(`delayMs of timer '${key}' must be a number of milliseconds, zero or more; got ${delayMs}`)
    this.push(timerAct, key, { delayMs, message })
  }

  /** Cancels the timer `key`, if it is armed; its message will not come, even when it has fired and waits. */
  cancel (key: string): void {
    this.push(cancelAct, key, undefined)
  }

  /** Publishes an event to whoever the behaviour's `emitted` option names, and to the trace. */
  emit (event: Message): void {
    this.push(emitAct, event, undefined)
  }

  /** The actor has reached its end: after this step's effects it stops, with reason `done`. */
  done (output?: unknown): void {
    this.finished = true
    this.output = output
  }

  /** For behaviours that compile their own effects (`machine.ts`, `compile.ts`): any act with two operands. */
  push (act: Act, a: unknown, b: unknown): void {
    const { acts } = this
    acts[this.length] = act
    acts[this.length + 1] = a
    acts[this.length + 2] = b
    this.length += 3
  }

  /** Kernel: prepares for a step of a behaviour with these handlers. */
  begin (handlers: HandlerTable): void {
    this.handlers = handlers
    this.finished = false
    this.output = undefined
  }

  /** Kernel: forgets what a failed step had asked for. */
  discard (): void {
    for (let i = 0; i < this.length; i++) this.acts[i] = undefined
    this.length = 0
  }

  /** Kernel: carries out what the step asked for, in order. A throw leaves the rest undone and forgotten. */
  commit (actor: ActorContext): void {
    const { acts } = this
    const end = this.length
    if (end === 0) return
    try {
      for (let i = 0; i < end; i += 3) (acts[i] as Act)(actor, acts[i + 1], acts[i + 2])
    } finally {
      this.discard()
    }
  }
}

const noHandlers: HandlerTable = Object.freeze({})

const tellAct: Act = (_actor, to, message) => { (to as Tellable<Message>).tell(message as Message) }
const timerAct: Act = (actor, key, spec) => {
  const { delayMs, message } = spec as { delayMs: number, message: Message }
  actor.timer(key as string, delayMs, message)
}
const cancelAct: Act = (actor, key) => { actor.cancelTimer(key as string) }
const emitAct: Act = (actor, event) => { actor.emit(event as Message) }
