/** `stop()` among peers that hang at every stage; `stop.slow.ts` has 1,000 of them. */
import { expect } from 'chai'
import { stopAmongHung } from './support/stop-hung.js'

describe('stopping a node', function () {
  this.timeout(60_000)

  it('among 90 hung peers: within 5 s, and the process ends by itself', async () => {
    const { exitMs, stopMs } = await stopAmongHung(90)
    expect(stopMs).to.be.below(5000)
    expect(exitMs).to.be.below(2000)
  })
})
