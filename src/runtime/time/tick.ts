import { unowned } from '../containment.js'

/**
 * Does `act(argument)` when the callback that runs now is over, before the event loop does anything else. For what a port owes to its
 * caller and may not do in his stack. Not for what may bring itself about again: sockets and timers wait meanwhile.
 */
export function afterThis<A> (act: (argument: A) => void, argument: A): void {
  process.nextTick(act, argument)
}

/** Does `act(argument)` in the next turn of the event loop, when all input that waits now has had its chance. */
export function nextTurn<A> (act: (argument: A) => void, argument: A): void {
  unowned(setImmediate, () => { act(argument) })
}

/** Calls `more` in each turn of the event loop, which does not sleep meanwhile, until it says no. */
export function eachTurn (more: () => boolean): void {
  const turn = (): void => {
    if (more()) setImmediate(turn)
  }
  unowned(setImmediate, turn)
}
