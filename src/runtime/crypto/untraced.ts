/**
 * Node 24 finds out whether a key is a `KeyObject` by an exception that it catches, twice for each import. Most of its price is the
 * stack trace, which nobody reads: on Node 24 the import of a remote key takes 29 µs with it and 7 µs without, HKDF 19 and 9 µs.
 * Here the three Nodes are alike, so that none needs to be asked which it is.
 */
const stack = Error as { stackTraceLimit?: number }
/** Not under `--frozen-intrinsics`. */
const settable = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit')?.writable === true

/** What `work` returns; errors that it makes, and throws, have no stack trace. For synchronous work of `node:crypto` alone. */
export function untraced<T> (work: () => T): T {
  if (!settable) return work()
  const { stackTraceLimit } = stack
  stack.stackTraceLimit = 0
  try {
    return work()
  } finally {
    stack.stackTraceLimit = stackTraceLimit!
  }
}
