import { reducer, type ActorRef } from '../../src/runtime.js'
import { alternate, clock, median, quantile, ratios, type Side } from '../support/sampling.js'
import type { Scenario, Sheet } from '../support/sheet.js'
import { Countdown, each, quietSystem } from './parts.js'

const actors = 100

export const recorder: Scenario = {
  name: 'recorder',
  what: `the flight recorder: ${actors} reducer actors in bursts of 100 fresh messages, recording and not, and two equal systems for the noise`,
  run
}

async function run (sheet: Sheet): Promise<void> {
  const [on, off, twin] = await alternate([side(sheet, true), side(sheet, false), side(sheet, false)], { rounds: 61, warmup: 10 })
  sheet.figure('recording', 'ns', on!)
  sheet.figure('not recording', 'ns', off!)
  sheet.figure('not recording, the same once more', 'ns', twin!)
  const share = (median(ratios(on!, off!)) + median(ratios(on!, twin!))) / 2 - 1
  sheet.atMost('what recording adds to a step', share * 100, 15, '%')
  const noise = ratios(twin!, off!)
  sheet.note(`two equal systems differ by ${((median(noise) - 1) * 100).toFixed(1)} % in the median, and from ${((quantile(noise, 0.1) - 1) * 100).toFixed(0)} to ${((quantile(noise, 0.9) - 1) * 100).toFixed(0)} % in the middle eight tenths of the rounds`)
}

function side (sheet: Sheet, recording: boolean): Side {
  const handled = new Countdown()
  const system = quietSystem({ recording })
  const behavior = reducer({
    name: 'counter',
    initial: () => ({ count: 0 }),
    step (state: { readonly count: number }, message: { readonly type: 'counter.add', readonly n: number }) {
      handled.hit()
      return { count: state.count + message.n }
    }
  })
  const refs = Array.from({ length: actors }, (): ActorRef<{ readonly type: 'counter.add', readonly n: number }> => system.spawn(behavior, { input: undefined }))
  return {
    name: recording ? 'on' : 'off',
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
