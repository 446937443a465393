/** The budgets of an inbound byte (design 0.10), on one stream within this process; `npm run audit:path` counts far more. */
import { expect } from 'chai'
import { kindOf, budgets } from '../../bench/audit/counted.js'
import { InboundAudit } from '../../bench/audit/inbound.js'
import { createNode, protocol } from '../../src/index.js'

describe('the way of an inbound byte', () => {
  it('is short, and has neither events nor promises', async () => {
    const audit = new InboundAudit()
    let came = (): void => {}
    const sink = protocol('/sink/1.0.0', {
      async inbound (stream) {
        for (let bytes = await stream.read(); bytes !== null; bytes = await stream.read()) {
          audit.onBytes(bytes)
          came()
        }
      }
    })
    const options = { identify: false, ping: false } as const
    const server = await createNode({ ...options, protocols: [sink] })
    const client = await createNode({ ...options, listen: [] })
    try {
      const stream = await client.dialProtocol(server.getMultiaddrs(), sink)
      audit.start(Infinity)
      for (let sent = 0; sent < 8; sent++) {
        const arrival = new Promise<void>(resolve => { came = resolve })
        await stream.write(new Uint8Array(1000))
        await arrival
      }
      await stream.close()
      const { direct, events, files, promises } = audit.found()
      // The first may have come before its handler.
      expect(direct).to.be.at.least(7)
      expect(files.filter(file => kindOf(file) !== 'data')).to.have.lengthOf.at.most(budgets.inboundFiles)
      expect(events).to.equal(budgets.inboundEvents)
      expect(promises.pushed).to.equal(0)
    } finally {
      audit.stop()
      await client.stop()
      await server.stop()
    }
  })
})
