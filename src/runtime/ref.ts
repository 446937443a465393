import type { Message } from './message.js'

/** Something that takes messages: an actor, or the answering end of an `ask`. */
export interface Tellable<M extends Message = Message> {
  /**
   * Hands over `message`. Returns true when it was queued, false when it is lost (receiver down, mailbox full): then it
   * is counted as a dead letter and its `handle`, if any, is disposed. Never runs the receiver in the caller's stack.
   *
   * @throws TypeError when `message` is not one that the receiver accepts
   */
  readonly tell: (message: M) => boolean
}

/** Where the answer of an `ask` goes. Only the first answer counts; later ones are dead letters. */
export type ReplyTo<R extends Message> = Tellable<R>

/**
 * The address of an actor. A ref from `spawn` names one incarnation: when that one has ended, the ref stays down. A ref
 * from `named` names a place in the tree and finds whoever lives there now, so it survives a restart.
 */
export interface ActorRef<M extends Message = Message> extends Tellable<M> {
  /** `/node/network/dialer/7`. Built anew at each call (a few hundred nanoseconds): keep it out of hot paths. */
  readonly path: string
  /** False once the actor has crashed, stopped or started to end; it then takes no messages any more. */
  readonly alive: boolean
}
