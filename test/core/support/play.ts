/** `play.js NAME FIRST COUNT SECONDS`: feeds inputs to one target, and prints how many it came to. A process of its own, for `branches.ts`. */
import { fuzzOne } from './fuzz.js'
import { fuzzTargets } from './targets.js'

const [name, first, count, seconds] = process.argv.slice(2)
const target = fuzzTargets.find(one => one.name === name)!
const started = performance.now()
let done = 0
while (done < Number(count) && performance.now() - started < Number(seconds) * 1000) fuzzOne(target, Number(first) + done++)
console.log(done)
