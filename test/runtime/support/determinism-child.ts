/** A process of its own that plays the seeds it is given, in that order, and prints a line of JSON for each. */
import { play } from './determinism-model.js'

for (const seed of process.argv.slice(2).map(Number)) console.log(JSON.stringify(await play(seed)))
