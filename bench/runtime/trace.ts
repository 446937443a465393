import { filter } from 'rxjs'
import type { ActorRef, System } from '../../src/runtime.js'
import { alternate, clock, differences, median, quantile, ratios, type Side } from '../support/sampling.js'
import type { Scenario, Sheet } from '../support/sheet.js'
import { kernelCopy, type Kernel } from './kernel-copy.js'
import { Countdown, each } from './parts.js'

const actors = 100

export const trace: Scenario = {
  name: 'trace',
  what: `the trace: ${actors} reducer actors in bursts of 100 fresh messages; nobody listens, beside copies of the kernel without the two branches; into a ring; through rxjs`,
  run
}

/** What tracing costs a step that nobody watches, as the compiler writes it: before it and after it. */
const branches = {
  file: 'runtime/cell.js',
  texts: [
    `if (kernel.trace.on.message)
            kernel.trace.report('message', this, message);`,
    `if (kernel.trace.on.changed && this.state !== before)
            kernel.trace.report('changed', this, message);`
  ]
}

async function run (sheet: Sheet): Promise<void> {
  const first = await kernelCopy('first')
  const second = await kernelCopy('second')
  const [a, b, without, alsoWithout] = await alternate([
    side(sheet, first, 'first copy'),
    side(sheet, second, 'second copy'),
    side(sheet, await kernelCopy('without', branches), 'without'),
    side(sheet, await kernelCopy('also-without', branches), 'also without')
  ], { rounds: 61, warmup: 10 })
  sheet.figure('nobody listens', 'ns', a!)
  sheet.figure('nobody listens, an equal copy of the kernel', 'ns', b!)
  sheet.figure('a copy without the branches', 'ns', without!)
  sheet.figure('a copy without the branches, once more', 'ns', alsoWithout!)
  // Each of the two against each of the others: where a copy happens to lie in memory must not decide.
  const cost = median([...ratios(a!, without!), ...ratios(a!, alsoWithout!), ...ratios(b!, without!), ...ratios(b!, alsoWithout!)])
  const noise = [...ratios(a!, b!), ...ratios(b!, a!), ...ratios(without!, alsoWithout!), ...ratios(alsoWithout!, without!)]
  sheet.atMost('nobody listens, against no branches', cost, quantile(noise, 0.9), 'times')
  sheet.note(`equal copies differ by a factor of ${quantile(noise, 0.1).toFixed(2)} to ${quantile(noise, 0.9).toFixed(2)} in the middle eight tenths of the rounds; that is what the first line is held against`)

  const ring = intoRing()
  let passed = 0
  const [off, ringed, observed] = await alternate([
    side(sheet, first, 'off'),
    side(sheet, first, 'ring', ring.listen),
    side(sheet, first, 'rxjs', system => {
      system.inspect.trace({ kinds: ['message'] }).pipe(filter(({ path }) => path !== '/system')).subscribe(() => { passed++ })
    })
  ], { rounds: 31, warmup: 10 })
  sheet.figure('nobody listens, again', 'ns', off!)
  sheet.figure('what a ring of actor, type and time adds', 'ns', differences(ringed!, off!))
  sheet.figure('what inspect.trace, an rxjs observable of plain records, adds', 'ns', differences(observed!, off!))
  sheet.atMost('into a ring', median(differences(ringed!, off!)), 25, 'ns a message')
  sheet.atMost('through rxjs', median(differences(observed!, off!)), 250, 'ns a message')
  sheet.verify('messages seen through the ring and rxjs, less those handled', ring.seen() + passed - 2 * 41 * perSample, 0)
}

const bursts = 10
const burst = 100
const perSample = bursts * burst * actors

/** The cheapest listener of any use. */
function intoRing (): { readonly listen: (system: System) => void, readonly seen: () => number } {
  const size = 4096
  const cells = new Array<unknown>(size).fill(null)
  const types = new Array<string>(size).fill('')
  const times = new Array<number>(size).fill(0)
  let seen = 0
  return {
    listen (system) {
      let next = 0
      system.trace.add((_kind, actor, subject) => {
        cells[next] = actor
        types[next] = (subject as { type: string }).type
        times[next] = system.scheduler.coarseNow
        next = (next + 1) & (size - 1)
        seen++
      }, ['message'])
    },
    seen: () => seen
  }
}

function side (sheet: Sheet, kernel: Kernel, name: string, listen?: (system: System) => void): Side {
  const handled = new Countdown()
  const system = kernel.createSystem({ log: { level: 'off' } })
  listen?.(system)
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
      handled.hits = 0
      const began = clock()
      for (let b = 0; b < bursts; b++) {
        const done = handled.expect(actors * burst)
        for (let m = 0; m < burst; m++) {
          for (const ref of refs) ref.tell({ type: 'counter.add', n: m })
        }
        await done
      }
      const ns = each(began, perSample)
      sheet.verify('messages handled', handled.hits, perSample)
      return ns
    }
  }
}
