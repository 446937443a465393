import type { ActorRef } from '../../src/runtime.js'
import { alternate, clock, median, quantile, ratios, type Side } from '../support/sampling.js'
import type { Scenario, Sheet } from '../support/sheet.js'
import { kernelCopy, type Kernel } from './kernel-copy.js'
import { Countdown, each } from './parts.js'

const actors = 100

export const recorder: Scenario = {
  name: 'recorder',
  what: `the flight recorder: ${actors} reducer actors in bursts of 100 fresh messages, beside copies of the kernel whose mailboxes note neither types nor times`,
  run
}

/** What remembering costs a message, as the compiler writes it. Without it signals could not be told from messages; here are none. */
const stores = {
  file: 'runtime/mailbox.js',
  texts: ['this.ring[at] = type;', 'ring[head + 1] = atMs;']
}

async function run (sheet: Sheet): Promise<void> {
  const [on, alsoOn, off, alsoOff] = await alternate([
    side(sheet, await kernelCopy('recording'), 'on'),
    side(sheet, await kernelCopy('also-recording'), 'on, an equal copy'),
    side(sheet, await kernelCopy('not-recording', stores), 'off'),
    side(sheet, await kernelCopy('also-not-recording', stores), 'off, an equal copy')
  ], { rounds: 61, warmup: 10 })
  sheet.figure('recording', 'ns', on!)
  sheet.figure('recording, an equal copy of the kernel', 'ns', alsoOn!)
  sheet.figure('not recording', 'ns', off!)
  sheet.figure('not recording, an equal copy', 'ns', alsoOff!)
  const cost = median([...ratios(on!, off!), ...ratios(on!, alsoOff!), ...ratios(alsoOn!, off!), ...ratios(alsoOn!, alsoOff!)])
  sheet.atMost('what recording adds to a step', (cost - 1) * 100, 15, '%')
  const noise = [...ratios(on!, alsoOn!), ...ratios(alsoOff!, off!)]
  sheet.note(`equal copies differ by ${((median(noise) - 1) * 100).toFixed(1)} % in the median, and from ${((quantile(noise, 0.1) - 1) * 100).toFixed(0)} to ${((quantile(noise, 0.9) - 1) * 100).toFixed(0)} % in the middle eight tenths of the rounds`)
}

function side (sheet: Sheet, kernel: Kernel, name: string): Side {
  const handled = new Countdown()
  const system = kernel.createSystem({ log: { level: 'off' } })
  const behavior = kernel.reducer({
    name: 'counter',
    initial: () => ({ count: 0 }),
    step (state: { readonly count: number }, message: { readonly type: 'counter.add', readonly n: number }) {
      handled.hit()
      return { count: state.count + message.n }
    }
  })
  const refs = Array.from({ length: actors }, (): ActorRef<{ readonly type: 'counter.add', readonly n: number }> => system.spawn(behavior, { input: undefined }))
  return {
    name,
    async sample () {
      const bursts = 10
      const burst = 100
      handled.hits = 0
      const began = clock()
      for (let b = 0; b < bursts; b++) {
        const done = handled.expect(actors * burst)
        for (let m = 0; m < burst; m++) {
          for (const ref of refs) ref.tell({ type: 'counter.add', n: m })
        }
        await done
      }
      const ns = each(began, bursts * burst * actors)
      sheet.verify('messages handled', handled.hits, bursts * burst * actors)
      return ns
    }
  }
}
