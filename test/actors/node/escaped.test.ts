/** Handlers that throw in timers, promises, ticks, microtasks, emitters and sockets of their own, under load, with `containUncaught`. */
import { expect } from 'chai'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { EscapeLoad } from './support/escape-load.js'

describe('handlers whose errors escape', () => {
  it('1,000 times under load: the process lives, and only their streams die', async function () {
    this.timeout(60_000)
    const file = fileURLToPath(new URL('support/escape-load.js', import.meta.url))
    const { stderr, stdout } = await promisify(execFile)(process.execPath, [file, '1000'], { timeout: 55_000 })
    const { bytesEchoed, ...result } = JSON.parse(stdout) as EscapeLoad
    expect(result).to.deep.equal({
      opened: 1000,
      endings: { 'stream/reset by remote': 1000 },
      crashes: { 'handler escaped': 1000 },
      restarts: 0,
      streamsVerified: 30,
      connections: 3,
      ledgerAsBefore: true
    } satisfies Omit<EscapeLoad, 'bytesEchoed'>)
    expect(bytesEchoed).to.be.at.least(30 * 10_000)
    expect(stderr).to.equal('')
  })
})
