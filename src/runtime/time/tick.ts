/**
 * Does `act` when the callback that runs now is over, before the event loop does anything else. For what a port owes to its
 * caller and may not do in his stack. Not for what may bring itself about again: sockets and timers wait meanwhile.
 */
export function afterThis (act: () => void): void {
  process.nextTick(act)
}
