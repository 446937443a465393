/** `troupe dial`: connects to a peer, and tells what it is. */
import { createNode, Multiaddr, type Connection, type IdentifyResult, type Node } from '../index.js'
import { commonHelp, Output, parsed, printable, read, wholeNumber, type Command, type ExitCode } from './command.js'
import { identity } from './identity.js'
import { nodeOptions } from './node-options.js'

/** How long to wait for what the peer says of itself, in milliseconds. */
const identifyMs = 5000

export const command: Command = {
  summary: 'connect to a peer and show what it is',
  help: `usage: troupe dial ADDR [--timeout MS] [--key FILE] [--json]

  ADDR           such as /ip4/127.0.0.1/tcp/4001/p2p/12D3Koo... ; without /p2p/ whoever answers is taken
  --timeout MS   give up after so many milliseconds. Default 30000
  --key FILE     dial with the private key in FILE. Default: a fresh one
${commonHelp}`,
  run
}

async function run (args: readonly string[]): Promise<ExitCode> {
  const { values, words: [text = ''] } = read(args, { timeout: { type: 'string' }, key: { type: 'string' } }, { least: 1, most: 1, what: 'ADDR' })
  const out = new Output(values.json)
  const address = parsed(() => Multiaddr.parse(text))
  const timeoutMs = wholeNumber('--timeout', values.timeout, 30_000, 1)
  const node = await createNode({ privateKey: await identity(values), listen: [], ...nodeOptions(values.log) })
  try {
    const identified = nextIdentify(node)
    const connection = await node.dial(address, { timeoutMs })
    show(connection, await identified(), out)
    await connection.close()
  } finally {
    await node.stop()
  }
  return 0
}

/** Begins to listen before the dial, for the answer may come with it. */
function nextIdentify (node: Node): () => Promise<IdentifyResult | undefined> {
  const answer = new Promise<IdentifyResult>(resolve => { node.addEventListener('peer:identify', ({ detail }) => { resolve(detail) }) })
  return () => {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<undefined>(resolve => { timer = setTimeout(() => { resolve(undefined) }, identifyMs) })
    return Promise.race([answer, late]).finally(() => { clearTimeout(timer) })
  }
}

function show (connection: Connection, identified: IdentifyResult | undefined, out: Output): void {
  const { encryption, multiplexer, remoteAddr, remotePeer, rtt } = connection
  out.event('dial', {
    peerId: remotePeer.toString(),
    address: remoteAddr.toString(),
    encryption,
    multiplexer,
    rttMs: rtt,
    agentVersion: identified?.agentVersion,
    protocolVersion: identified?.protocolVersion,
    protocols: identified?.protocols,
    addresses: identified?.listenAddresses.map(String),
    observedAddress: identified?.observedAddress?.toString()
  })
  out.say(`Peer       ${remotePeer.toString()}`)
  out.say(`Address    ${remoteAddr.toString()}`)
  out.say(`Secured    ${encryption}, muxed ${multiplexer}`)
  if (identified === undefined) {
    out.say('It has not said what it is (no answer to identify).')
    return
  }
  out.say(`Agent      ${printable(identified.agentVersion ?? '(none)')}, ${printable(identified.protocolVersion ?? '(no protocol version)')}`)
  out.say(`Sees us at ${identified.observedAddress?.toString() ?? '(does not say)'}`)
  out.say(`Listens    ${identified.listenAddresses.map(address => printable(address.toString())).join('\n           ')}`)
  out.say(`Speaks     ${identified.protocols.map(printable).join('\n           ')}`)
}
