import { expect } from 'chai'
import { echo, echoProtocol } from '../../../src/actors/echo/echo.js'
import { SeededRandom } from '../../../src/runtime/random.js'
import { handle } from '../support/handle.js'
import { calm } from '../support/outcome.js'
import { streamPair } from '../support/stream-pair.js'

describe('echo', () => {
  it('gives back what comes, byte for byte, and ends when the other side does', async () => {
    const random = new SeededRandom(3)
    for (const pieceBytes of [1, 7, 1000, Infinity]) {
      const [client, server] = streamPair({ protocol: echoProtocol, pieceBytes, windowBytes: 4096 })
      const done = handle(echo(), server)
      const sent = Uint8Array.from({ length: 20_000 }, () => random.int(256))
      const reading = client.readAll({ maxBytes: 30_000 })
      for (let at = 0; at < sent.length; at += 3333) await client.write(sent.slice(at, at + 3333))
      await client.close()
      expect(await reading).to.deep.equal(sent)
      await done
      expect([client.finished, server.finished]).to.deep.equal([true, true])
    }
  })

  it('reads no faster than the other side takes it back', async () => {
    const windowBytes = 10_000
    const [client, server] = streamPair({ protocol: echoProtocol, windowBytes })
    void handle(echo(), server).catch(() => {})
    void client.write(new Uint8Array(1_000_000))
    await calm()
    // One window lies unread at the client, what the echo may hold waits there, and one window waits for the echo.
    expect(client.unread).to.equal(windowBytes)
    expect(client.queued).to.be.at.least(1_000_000 - 4 * windowBytes - 65_536)
    client.reset()
    await calm()
  })

  it('echoes nothing', async () => {
    const [client, server] = streamPair({ protocol: echoProtocol })
    void client.close()
    await handle(echo(), server)
    expect(await client.read()).to.equal(null)
  })
})
