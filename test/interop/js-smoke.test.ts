/** js-libp2p, in its own process, with each commit: the few cases of the interop suite that nobody may break for an hour. */
import { cases } from './cases.js'
import type { Side } from './control.js'
import { startForeign } from './foreign.js'
import { startTroupe } from './troupe-side.js'

/** Two nodes begin here, one of them with a process. */
const startMs = 30_000

/** The last closes the connection, so that each direction dials its own. */
const chosen = ['identify', 'ping', 'echo, 1 byte', 'echo, 1 MiB', 'half-close by the dialer', 'half-close by the listener', 'connection closed by the dialer']

describe('interop with js-libp2p', () => {
  const started: Side[] = []
  let troupe: Side
  let js: Side

  before(async function () {
    this.timeout(startMs)
    started.push(troupe = await startTroupe())
    started.push(js = await startForeign('js'))
  })

  afterEach(function () {
    if (this.currentTest?.state === 'failed') console.error(`js said:\n${js.said()}`)
  })

  after(async () => {
    await Promise.all(started.map(async side => { await side.stop() }))
  })

  for (const name of chosen) {
    it(`dials: ${name}`, async () => { await caseOf(name)(troupe, js) })
  }

  for (const name of chosen) {
    it(`listens: ${name}`, async () => { await caseOf(name)(js, troupe) })
  }
})

function caseOf (name: string): (dialer: Side, listener: Side) => Promise<string> {
  const found = cases.find(each => each.name === name)
  if (found === undefined) throw new Error(`there is no case '${name}'`)
  return async (dialer, listener) => await found.run(dialer, listener)
}
