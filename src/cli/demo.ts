/** `troupe demo`: two nodes in one process meet, and one loses a handler without anybody else noticing. */
import { createNode, echo, echoProtocol, explain, protocol, renderTree, type Node } from '../index.js'
import { commonHelp, noWords, Output, read, type Command, type ExitCode } from './command.js'
import { nodeOptions } from './node-options.js'

export const command: Command = {
  summary: 'show two nodes at work, and a crash that hurts nobody',
  help: `usage: troupe demo [--json]

Two nodes in one process meet, identify, ping and echo. Then a handler is made to crash: its stream is reset, it can be
asked why it died, and the echo beside it goes on.

${commonHelp}`,
  run
}

/** Throws at the first byte. */
const fragile = protocol('/demo/fragile/1.0.0', {
  async inbound (stream) {
    await stream.read()
    throw new Error('the handler of /demo/fragile/1.0.0 has a bug')
  }
})

async function run (args: readonly string[]): Promise<ExitCode> {
  const { values } = read(args, {}, noWords)
  const out = new Output(values.json)
  const shared = { log: { level: 'off' as const }, ...nodeOptions(values.log) }
  const alice = await createNode({ ...shared, protocols: [echo(), fragile] })
  const bob = await createNode({ ...shared, listen: [] })
  try {
    const [address] = alice.getMultiaddrs()
    if (address === undefined) throw new Error('Alice listens nowhere')
    out.say(`Alice listens at ${address.toString()}`)
    tell('before anybody has met', alice, out)

    const identified = new Promise<string>(resolve => { bob.addEventListener('peer:identify', ({ detail }) => { resolve(detail.agentVersion ?? '?') }) })
    await bob.dial(address)
    const agentVersion = await identified
    const rttMs = Math.round(await bob.ping(address) * 1000) / 1000
    out.event('met', { peerId: alice.peerId.toString(), agentVersion, rttMs })
    out.say(`\nBob has dialed Alice. She says that she is ${agentVersion}; the round trip is ${rttMs} ms.`)

    const talk = await bob.dialProtocol(address, echoProtocol)
    out.say(`Bob says hello, and hears: ${await said(talk, 'hello')}`)
    const doomed = await bob.dialProtocol(address, fragile)
    const handler = await handlerOf(alice)
    tell('while both streams are open', alice, out)

    await doomed.write(Uint8Array.of(1))
    const code = await doomed.read().then(() => 'nothing', (error: unknown) => (error as { readonly code?: string }).code ?? 'an error')
    const why = explain(alice.inspect.why(handler))
    out.event('crashed', { path: handler, code, why })
    out.say(`\nThe handler of the other stream has crashed. Bob sees: ${code}. Alice knows why:\n  ${why}`)
    const still = await said(talk, 'still there?')
    out.event('survived', { text: still })
    out.say(`The echo beside it was not disturbed: ${still}`)
    tell('after the crash', alice, out)
    await talk.close()
  } finally {
    await bob.stop()
    await alice.stop()
  }
  const { cells, handles, tasks, timers } = alice.inspect.ledger()
  out.event('stopped', { cells, timers, tasks, handles })
  out.say(`\nBoth have stopped. Left over at Alice: ${cells} actors, ${timers} timers, ${tasks} tasks, ${handles} sockets.`)
  return 0
}

async function said (stream: Awaited<ReturnType<Node['dialProtocol']>>, text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text)
  await stream.write(bytes)
  return new TextDecoder().decode(await stream.readExactly(bytes.length))
}

/** The handler that is there now and runs the fragile protocol: the youngest one. */
async function handlerOf (node: Node): Promise<string> {
  const [connection] = node.getConnections()
  for (;;) {
    const stream = connection?.streams.find(one => one.protocol === fragile.ids[0])
    if (stream !== undefined) return `${stream.path}/handler`
    await new Promise<void>(resolve => { setImmediate(resolve) })
  }
}

function tell (when: string, node: Node, out: Output): void {
  out.event('tree', { when, tree: node.inspect.tree() })
  out.say(`\nAlice's actors ${when}:\n${renderTree(node.inspect.tree())}`)
}
