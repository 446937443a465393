import { readFileSync } from 'node:fs'

/**
 * How long the main thread of a process has had a processor, and how long it was ready to run and had none, in milliseconds since it
 * began. What a node does late for want of a processor the machine does late. Zero where no kernel counts it.
 */
export function timesOf (pid: number): { readonly used: number, readonly queued: number } {
  try {
    const [used, queued] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ').map(nanoseconds => Number(nanoseconds) / 1e6)
    return { used: used!, queued: queued! }
  } catch {
    return { used: 0, queued: 0 }
  }
}
