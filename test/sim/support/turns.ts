import { sleepForReal } from '../../sleep.js'

/** Lets the event loop turn so many times. */
export async function patience (turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise<void>(resolve => { setImmediate(resolve) })
}

/** The same in all processes of this machine, in milliseconds. */
export function clock (): number {
  return performance.timeOrigin + performance.now()
}

/** For real sockets and another process, which no simulated clock can hurry. A loop that turned instead would take the processor from them. */
export async function pause (ms: number): Promise<void> {
  await sleepForReal(ms, 'traffic over real sockets is paced, so that the processor is not all taken by it')
}
