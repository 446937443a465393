/** `troupe echo`: sends something to a peer's echo, and prints what comes back. */
import { createNode, echoProtocol, Multiaddr } from '../index.js'
import { commonHelp, Output, parsed, printable, read, wholeNumber, type Command, type ExitCode } from './command.js'
import { nodeOptions } from './node-options.js'

export const command: Command = {
  summary: 'send text to a peer and get it back',
  help: `usage: troupe echo ADDR [TEXT] [--timeout MS] [--json]

Without TEXT, what comes on stdin is sent, and what comes back goes to stdout as it is.

  ADDR           such as /ip4/127.0.0.1/tcp/4001/p2p/12D3Koo...
  --timeout MS   of the connection, in milliseconds. Default 30000
${commonHelp}

Exits with 1 when something else comes back.`,
  run
}

async function run (args: readonly string[]): Promise<ExitCode> {
  const { values, words: [address = '', text] } = read(args, { timeout: { type: 'string' } }, { least: 1, most: 2, what: 'ADDR' })
  const out = new Output(values.json)
  const target = parsed(() => Multiaddr.parse(address))
  const timeoutMs = wholeNumber('--timeout', values.timeout, 30_000, 1)
  const node = await createNode({ listen: [], ...nodeOptions(values.log) })
  try {
    const stream = await node.dialProtocol(target, echoProtocol, { timeoutMs })
    if (text === undefined) {
      const sending = (async () => {
        for await (const chunk of process.stdin) await stream.write(chunk as Uint8Array)
        await stream.close()
      })()
      let bytes = 0
      for await (const chunk of stream) {
        bytes += chunk.length
        if (!out.json) process.stdout.write(chunk)
      }
      await sending
      out.event('echo', { bytes })
      return 0
    }
    const sent = new TextEncoder().encode(text)
    const begun = performance.now()
    void stream.write(sent)
    const [answer] = await Promise.all([stream.readAll({ maxBytes: sent.length }), stream.close()])
    const back = new TextDecoder().decode(answer)
    out.event('echo', { text: back, bytes: answer.length, timeMs: Math.round((performance.now() - begun) * 1000) / 1000 })
    out.say(back === text ? back : printable(back))
    if (back === text) return 0
    process.stderr.write('troupe echo: what came back is not what was sent\n')
    return 1
  } finally {
    await node.stop()
  }
}
