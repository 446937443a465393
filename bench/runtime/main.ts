/** What the actor kernel costs, against the lines of its acceptance: `npm run bench -- runtime`. */
import { runBench } from '../support/bench.js'
import { ask } from './ask.js'
import { compiled } from './compiled.js'
import { contain } from './contain.js'
import { fairness } from './fairness.js'
import { heap } from './heap.js'
import { life } from './life.js'
import { recorder } from './recorder.js'
import { simulation } from './simulation.js'
import { spawnStop } from './spawn-stop.js'
import { tell } from './tell.js'
import { timers } from './timers.js'
import { trace } from './trace.js'

await runBench('runtime', [tell, compiled, spawnStop, life, ask, timers, heap, trace, recorder, fairness, simulation, contain])
