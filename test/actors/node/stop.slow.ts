/** Issue 5, acceptance 7. */
import { expect } from 'chai'
import { stopAmongHung } from './support/stop-hung.js'

describe('stopping a node, at length', () => {
  it('among 1,000 peers hung at every stage: within 5 s, and the process ends by itself', async () => {
    const { all, connections, dials, exitMs, stopMs } = await stopAmongHung(1000)
    console.log(`      stop() took ${stopMs.toFixed(0)} ms, the process ended ${exitMs.toFixed(0)} ms later; ${all} connections (${connections} of them upgraded), ${dials} dials under way`)
    expect(stopMs).to.be.below(5000)
    expect(exitMs).to.be.below(2000)
  })
})
