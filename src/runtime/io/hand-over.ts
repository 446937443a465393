import type { Kernel } from '../kernel.js'
import { disposeQuietly } from '../message.js'
import type { RawLink } from './raw-link.js'

/**
 * Gives a new link to a callback, by the law of message handles: when nobody has taken it as the callback returns, it is
 * reset. Taking is `own`, `take`, passing it on in a `tell` or as the input of a `spawn`, or `attach`.
 *
 * This is what makes a callback of an actor that has begun to end safe: `actor.io` turns it into nothing, and what it was
 * called with does not leak.
 */
export function handOver (kernel: Pick<Kernel, 'custody'>, link: RawLink, callback: (link: RawLink) => void): void {
  kernel.custody = link
  try {
    callback(link)
  } finally {
    if (kernel.custody === link) {
      kernel.custody = undefined
      disposeQuietly(link)
    }
  }
}
