/** `troupe perf`: how fast bytes go to and from a peer, in the form of libp2p's own perf tool. */
import { createNode, Multiaddr, type PerfProgress } from '../index.js'
import { byteCount, commonHelp, Output, parsed, read, wholeNumber, type Command, type ExitCode } from './command.js'
import { nodeOptions } from './node-options.js'

export const command: Command = {
  summary: 'measure throughput to and from a peer',
  help: `usage: troupe perf ADDR [--upload BYTES] [--download BYTES] [--timeout MS] [--json]

Measures with the protocol /perf/1.0.0, which the peer must serve ("troupe start --perf").

  ADDR              such as /ip4/127.0.0.1/tcp/4001/p2p/12D3Koo...
  --upload BYTES    such as 1000, 64K or 10M. Default 0
  --download BYTES  likewise. Default 0
  --timeout MS      of the connection, in milliseconds. Default 30000
${commonHelp}

With --json the lines have the fields of libp2p's perf tool: type (intermediary each second, or final), timeSeconds,
uploadBytes, downloadBytes.`,
  run
}

async function run (args: readonly string[]): Promise<ExitCode> {
  const { values, words: [text = ''] } = read(args, {
    upload: { type: 'string' },
    download: { type: 'string' },
    timeout: { type: 'string' }
  }, { least: 1, most: 1, what: 'ADDR' })
  const out = new Output(values.json)
  const address = parsed(() => Multiaddr.parse(text))
  const uploadBytes = byteCount('--upload', values.upload, 0)
  const downloadBytes = byteCount('--download', values.download, 0)
  const timeoutMs = wholeNumber('--timeout', values.timeout, 30_000, 1)
  const node = await createNode({ listen: [], ...nodeOptions(values.log) })
  const meter = new Meter(out)
  try {
    const { downloadMs, uploadMs } = await node.perf(address, { uploadBytes, downloadBytes, timeoutMs, onProgress: progress => { meter.progress(progress) } })
    meter.final(uploadBytes, downloadBytes, (uploadMs + downloadMs) / 1000)
  } finally {
    await node.stop()
  }
  return 0
}

/** Tells how it goes, once a second: each line is about the time since the one before, the last one about all of it. */
class Meter {
  private readonly out: Output
  private since = performance.now()
  private last: PerfProgress = { uploadedBytes: 0, downloadedBytes: 0 }

  constructor (out: Output) {
    this.out = out
  }

  progress (progress: PerfProgress): void {
    const now = performance.now()
    if (now - this.since < 1000) return
    const { downloadedBytes, uploadedBytes } = progress
    this.tell('intermediary', uploadedBytes - this.last.uploadedBytes, downloadedBytes - this.last.downloadedBytes, (now - this.since) / 1000)
    this.since = now
    this.last = progress
  }

  final (uploadBytes: number, downloadBytes: number, timeSeconds: number): void {
    this.tell('final', uploadBytes, downloadBytes, timeSeconds)
  }

  private tell (type: 'intermediary' | 'final', uploadBytes: number, downloadBytes: number, timeSeconds: number): void {
    if (this.out.json) this.out.object({ type, timeSeconds, uploadBytes, downloadBytes })
    const rate = (uploadBytes + downloadBytes) / 1024 / 1024 / Math.max(timeSeconds, 1e-9)
    this.out.say(`${type === 'final' ? 'in all ' : '       '}${timeSeconds.toFixed(3)} s  up ${uploadBytes} B  down ${downloadBytes} B  ${rate.toFixed(1)} MiB/s`)
  }
}
