/** `troupe start`: a node that listens until it is told to stop. */
import { createNode, echo, Multiaddr, NetworkError, perf, renderTree, type Connection, type Node } from '../index.js'
import { commonHelp, noWords, Output, parsed, printable, read, type Command, type ExitCode } from './command.js'
import { identity } from './identity.js'
import { nodeOptions } from './node-options.js'

/** All interfaces, on ports that are free. */
const defaultListen = ['/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/0']
/** Of an orderly stop, in milliseconds. */
const stopMs = 4500
/** The tree is drawn when nothing has changed for so long, in milliseconds. */
const settledMs = 400

export const command: Command = {
  summary: 'start a node and listen',
  help: `usage: troupe start [--listen ADDR]... [--data DIR] [--key FILE] [--perf] [--json]

Starts a node that speaks identify, ping and echo, and shows its actors as they come and go. Ctrl-C stops it in order, a
second one at once.

  --listen ADDR  listen on this address; may be repeated. Default: ${defaultListen.join(' and ')}
  --data DIR     keep the identity in DIR/identity.pem. Default: a fresh one each time
  --key FILE     use the private key in FILE
  --perf         serve the perf protocol too: anybody may then ask for as many bytes as he likes
${commonHelp}`,
  run
}

async function run (args: readonly string[]): Promise<ExitCode> {
  const { values } = read(args, {
    listen: { type: 'string', multiple: true },
    data: { type: 'string' },
    key: { type: 'string' },
    perf: { type: 'boolean' }
  }, noWords)
  const out = new Output(values.json)
  const asked = values.listen?.map(text => parsed(() => Multiaddr.parse(text)))
  const privateKey = await identity(values)
  const node = await createNode({
    privateKey,
    listen: asked ?? [],
    protocols: [echo(), ...values.perf === true ? [perf()] : []],
    ...nodeOptions(values.log)
  })
  // Before the node listens: who dials at once, or stops it at once, must not be missed.
  const drawing = narrate(node, out)
  const interruption = interrupted()
  try {
    if (asked === undefined) await listenWhereItCan(node)
    const addresses = node.getMultiaddrs().map(String)
    out.event('node.listening', { peerId: node.peerId.toString(), addresses })
    introduce(node, addresses, values.data !== undefined || values.key !== undefined, out)
    const signal = await interruption
    out.say(`\n${signal}: stopping; once more to stop at once.`)
  } finally {
    drawing.stop()
    await node.stop({ graceMs: stopMs })
  }
  out.event('node.stopped')
  out.say('Stopped.')
  return 0
}

/** A machine without IPv6, or without IPv4, is no reason not to start; one without either is. */
async function listenWhereItCan (node: Node): Promise<void> {
  const failures: unknown[] = []
  for (const address of defaultListen) {
    try {
      await node.listen(address)
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length === defaultListen.length) throw failures[0]
}

function introduce (node: Node, addresses: readonly string[], kept: boolean, out: Output): void {
  out.say(`Peer id  ${node.peerId.toString()}${kept ? '' : '  (fresh; --data DIR keeps one)'}`)
  for (const [at, address] of addresses.entries()) out.say(`${at === 0 ? 'Listens  ' : '         '}${address}`)
  const nearest = addresses.find(address => address.startsWith('/ip4/127.')) ?? addresses[0]
  if (nearest !== undefined) out.say(`\nFrom a second terminal:\n  npx troupe ping ${nearest}\n`)
  out.say(renderTree(node.inspect.tree()))
}

/** Tells what happens, and draws the tree whenever it has changed and come to rest. */
function narrate (node: Node, out: Output): { stop (): void } {
  let timer: NodeJS.Timeout | undefined
  const changed = (): void => {
    if (out.json) return
    clearTimeout(timer)
    timer = setTimeout(() => { out.say(`\n${renderTree(node.inspect.tree())}`) }, settledMs)
  }
  node.addEventListener('connection:open', ({ detail }) => {
    out.event('connection.open', described(detail))
    out.say(`\n${detail.direction} connection with ${detail.remotePeer.toString()} at ${detail.remoteAddr.toString()}`)
    changed()
  })
  node.addEventListener('peer:identify', ({ detail }) => {
    out.event('peer.identify', { peerId: detail.peer.toString(), agentVersion: detail.agentVersion, protocols: detail.protocols })
    out.say(`${detail.peer.toString()} is ${printable(detail.agentVersion ?? 'a peer without a name')}`)
  })
  node.addEventListener('connection:close', ({ detail: { code, connection, initiator, text } }) => {
    out.event('connection.close', { ...described(connection), code, initiator })
    out.say(`\nconnection with ${connection.remotePeer.toString()} ended: ${printable(new NetworkError(code, text === '' ? {} : { detail: text }).message)} [${code}, ${initiator}]`)
    changed()
  })
  return { stop: () => { clearTimeout(timer) } }
}

function described (connection: Connection): object {
  const { direction, path, remoteAddr, remotePeer } = connection
  return { path, peerId: remotePeer.toString(), address: remoteAddr.toString(), direction }
}

/** Resolves with the first signal; the second ends the process at once. */
function interrupted (): Promise<NodeJS.Signals> {
  return new Promise(resolve => {
    let before = false
    const hear = (signal: NodeJS.Signals): void => {
      if (before) process.exit(1)
      before = true
      resolve(signal)
    }
    process.on('SIGINT', hear)
    process.on('SIGTERM', hear)
    // Nobody reads any more what it prints.
    process.on('SIGPIPE', () => { resolve('SIGPIPE') })
  })
}
