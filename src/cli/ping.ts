/** `troupe ping`: the round trip to a peer. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createNode, Multiaddr, NetworkError } from '../index.js'
import { commonHelp, Output, parsed, read, wholeNumber, type Command, type ExitCode } from './command.js'
import { nodeOptions } from './node-options.js'

export const command: Command = {
  summary: 'measure the round trip to a peer',
  help: `usage: troupe ping ADDR [--count N] [--interval MS] [--timeout MS] [--json]

  ADDR           such as /ip4/127.0.0.1/tcp/4001/p2p/12D3Koo...
  --count N      so many pings. Default 5
  --interval MS  between the beginnings of two. Default 1000
  --timeout MS   of each, in milliseconds. Default 10000
${commonHelp}

Exits with 1 when none was answered.`,
  run
}

async function run (args: readonly string[]): Promise<ExitCode> {
  const { values, words: [text = ''] } = read(args, {
    count: { type: 'string' },
    interval: { type: 'string' },
    timeout: { type: 'string' }
  }, { least: 1, most: 1, what: 'ADDR' })
  const out = new Output(values.json)
  const address = parsed(() => Multiaddr.parse(text))
  const count = wholeNumber('--count', values.count, 5, 1)
  const intervalMs = wholeNumber('--interval', values.interval, 1000)
  const timeoutMs = wholeNumber('--timeout', values.timeout, 10_000, 1)
  const node = await createNode({ listen: [], ...nodeOptions(values.log) })
  const rtts: number[] = []
  try {
    const { remotePeer } = await node.dial(address, { timeoutMs })
    out.say(`Connected to ${remotePeer.toString()}`)
    for (let seq = 1; seq <= count; seq++) {
      const begun = performance.now()
      try {
        const rttMs = round(await node.ping(address, { timeoutMs }))
        rtts.push(rttMs)
        out.event('ping', { seq, rttMs })
        out.say(`${seq}: ${rttMs} ms`)
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error
        out.event('ping.failed', { seq, code: error.code, message: error.message })
        out.say(`${seq}: ${error.message} [${error.code}]`)
      }
      const left = intervalMs - (performance.now() - begun)
      if (seq < count && left > 0) await sleep(left)
    }
  } finally {
    await node.stop()
  }
  summarize(count, rtts, out)
  return rtts.length > 0 ? 0 : 1
}

function summarize (sent: number, rtts: readonly number[], out: Output): void {
  const sorted = [...rtts].sort((a, b) => a - b)
  const received = sorted.length
  const [minMs, medianMs, maxMs] = [0, received >> 1, received - 1].map(at => sorted[at])
  const meanMs = received === 0 ? undefined : round(sorted.reduce((sum, rtt) => sum + rtt, 0) / received)
  out.event('ping.summary', { sent, received, minMs, medianMs, maxMs, meanMs })
  out.say(`${received} of ${sent} answered${received === 0 ? '' : `; min ${minMs} ms, median ${medianMs} ms, max ${maxMs} ms`}`)
}

function round (ms: number): number {
  return Math.round(ms * 1000) / 1000
}
