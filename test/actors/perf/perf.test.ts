import { expect } from 'chai'
import { measurePerf, perf, type PerfOptions, type PerfProgress } from '../../../src/actors/perf/perf.js'
import type { NetworkError } from '../../../src/messages/errors.js'
import { toHex } from '../../wire/kit.js'
import { handle } from '../support/handle.js'
import { calm, codeOf } from '../support/outcome.js'
import { streamPair, type PairStream } from '../support/stream-pair.js'

const protocol = '/perf/1.0.0'
const now = (): number => 0
const pair = (): readonly [PairStream, PairStream] => streamPair({ protocol })

/** The client's outcome against our server. */
async function measure (options: Partial<PerfOptions>, server = perf()): Promise<ReturnType<typeof measurePerf>> {
  const [client, remote] = pair()
  const done = handle(server, remote)
  try {
    return await measurePerf(client, { uploadBytes: 0, downloadBytes: 0, now, ...options })
  } finally {
    await done
  }
}

describe('perf', () => {
  it('moves exactly as many bytes as asked for, both ways', async () => {
    for (const [uploadBytes, downloadBytes] of [[0, 0], [1, 0], [0, 1], [65_536, 65_536], [65_537, 131_071], [1_000_000, 3_000_000]] as const) {
      const { uploadedBytes, downloadedBytes } = await measure({ uploadBytes, downloadBytes })
      expect([uploadedBytes, downloadedBytes]).to.deep.equal([uploadBytes, downloadBytes])
    }
  })

  it('begins with the number of bytes that are wanted back, in eight bytes, big-endian', async () => {
    const [client, server] = pair()
    const outcome = measurePerf(client, { uploadBytes: 3, downloadBytes: 0x0102_0304_05, now })
    const sent = await server.readAll({ maxBytes: 100 })
    expect(toHex(sent)).to.equal('0000000102030405000000')
    server.reset()
    expect(await codeOf(outcome)).to.equal('stream/reset')
  })

  it('measures until our end was given to the connection, and from there to the end of the other side', async () => {
    let time = 0
    const [client, server] = pair()
    const outcome = measurePerf(client, { uploadBytes: 10, downloadBytes: 2, now: () => time })
    time = 100
    await server.readAll({ maxBytes: 100 })
    await calm()
    time = 250
    void server.write(new Uint8Array(2))
    void server.close()
    expect(await outcome).to.deep.equal({ uploadedBytes: 10, downloadedBytes: 2, uploadMs: 100, downloadMs: 150 })
  })

  it('tells of its progress', async () => {
    const seen: PerfProgress[] = []
    await measure({ uploadBytes: 100_000, downloadBytes: 100_000, onProgress: progress => { seen.push(progress) } })
    expect(seen[0]).to.deep.equal({ uploadedBytes: 65_536, downloadedBytes: 0 })
    expect(seen[1]).to.deep.equal({ uploadedBytes: 100_000, downloadedBytes: 0 })
    expect(seen.at(-1)).to.deep.equal({ uploadedBytes: 100_000, downloadedBytes: 100_000 })
    const down = seen.map(({ downloadedBytes }) => downloadedBytes)
    expect(down).to.deep.equal([...down].sort((a, b) => a - b))
  })

  it('sends nothing back before the upload has ended', async () => {
    const [client, server] = pair()
    void handle(perf(), server).catch(() => {})
    void client.write(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 9))
    await calm()
    expect(client.unread).to.equal(0)
    void client.close()
    expect((await client.readAll({ maxBytes: 10 })).length).to.equal(9)
  })

  it('fails with stream/ended when fewer bytes come, at every truncation', async () => {
    for (let bytes = 0; bytes < 8; bytes++) {
      const [client, server] = pair()
      const outcome = codeOf(measurePerf(client, { uploadBytes: 0, downloadBytes: 8, now }))
      void server.write(new Uint8Array(bytes))
      void server.close()
      expect(await outcome).to.equal('stream/ended')
    }
  })

  it('fails with stream/protocol-violation when more come', async () => {
    const [client, server] = pair()
    const outcome = codeOf(measurePerf(client, { uploadBytes: 0, downloadBytes: 8, now }))
    void server.write(new Uint8Array(9))
    expect(await outcome).to.equal('stream/protocol-violation')
    await calm()
    expect(server.resetBy?.code).to.equal('stream/protocol-violation')
  })

  it('may be aborted, before and while it runs', async () => {
    for (const when of ['before', 'while']) {
      const [client] = pair()
      const controller = new AbortController()
      if (when === 'before') controller.abort()
      const outcome = codeOf(measurePerf(client, { uploadBytes: 10_000_000, downloadBytes: 0, now, signal: controller.signal }))
      await calm()
      controller.abort()
      expect(await outcome).to.equal('user/aborted')
      expect(client.resetBy?.code).to.equal('user/aborted')
    }
  })

  it('refuses numbers that are none', async () => {
    const [client] = pair()
    for (const bad of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
      expect(await codeOf(measurePerf(client, { uploadBytes: bad, downloadBytes: 0, now }))).to.match(/^RangeError: uploadBytes/)
      expect(await codeOf(measurePerf(client, { uploadBytes: 0, downloadBytes: bad, now }))).to.match(/^RangeError: downloadBytes/)
      expect(() => perf({ maxDownloadBytes: bad })).to.throw(RangeError, 'maxDownloadBytes')
    }
    expect(client.resetBy).to.equal(undefined)
  })

  describe('the server', () => {
    it('gives no more than it may', async () => {
      expect((await measure({ downloadBytes: 1000 }, perf({ maxDownloadBytes: 1000 }))).downloadedBytes).to.equal(1000)
      const outcome = await measure({ downloadBytes: 1001 }, perf({ maxDownloadBytes: 1000 })).catch((error: unknown) => error)
      expect((outcome as NetworkError).code).to.equal('stream/gated')
    })

    it('resets what is no header: cut off anywhere, or beyond counting', async () => {
      const headers = [...Array.from({ length: 8 }, (_, length) => new Uint8Array(length)), new Uint8Array(8).fill(0xff)]
      for (const header of headers) {
        const [client, server] = pair()
        const done = handle(perf(), server)
        void client.write(header)
        void client.close()
        await done
        expect(server.resetBy?.code).to.equal('stream/protocol-violation')
      }
    })
  })
})
