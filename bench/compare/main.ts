/** Troupe beside js-libp2p and the limits of the machine, by turns in one run: `npm run bench -- compare`. */
import { runBench } from '../support/bench.js'
import { beside } from './beside.js'
import { bulk } from './bulk.js'
import { busy } from './busy.js'
import { handshakes } from './handshakes.js'
import { idle } from './idle.js'
import { install } from './install.js'
import { compareSettings } from './settings.js'
import { start } from './start.js'
import { streams } from './streams.js'
import { trips } from './trips.js'
import { watched } from './watched.js'
import { writes } from './writes.js'

await runBench('compare', [start, install, bulk, writes, trips, streams, handshakes, beside, busy, watched, idle], compareSettings)
