/** Crash capsules of a node: a protocol handler that is a machine is made to crash again, and no file ever holds a key. */
import { expect } from 'chai'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair, noise, protocol, reducer, replay, valueForms, yamux, type Capsule, type Component, type HandlerInput, type Out, type PeerId, type TraceRecord } from '../../../src/index.js'
import type { Muxer } from '../../../src/actors/contract/muxer.js'
import type { Security } from '../../../src/actors/contract/security.js'
import { TestNet } from '../../../src/testnet.js'

type Told = { readonly type: 'told', readonly bytes: Uint8Array }

/** Adds up what it reads, and has a bug with zero. */
const summing = reducer({
  name: 'summing',
  initial ({ handle, context }: HandlerInput, out: Out<{ begin: HandlerInput }>) {
    out.do('begin', { handle, context })
    return { sum: 0, peer: context.peer }
  },
  step (state: { readonly sum: number, readonly peer: PeerId }, { bytes }: Told) {
    if (bytes.includes(0)) throw new RangeError(`${state.peer.toString()} has sent a zero after ${state.sum}`)
    return { ...state, sum: state.sum + bytes.reduce((sum, byte) => sum + byte, 0) }
  },
  effects: {
    begin (actor, { handle: stream }) {
      actor.own(stream)
      actor.task(async () => {
        for await (const bytes of stream) actor.self.tell({ type: 'told', bytes })
      }, {})
    }
  }
})

describe('crash capsules of a node', () => {
  let directory = ''
  beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'troupe-capsules-')) })
  afterEach(() => { rmSync(directory, { recursive: true }) })
  const files = (): string[] => readdirSync(directory).map(file => join(directory, file))
  const read = (file: string): Capsule => JSON.parse(readFileSync(file, 'utf8')) as Capsule

  /** Bob sends bytes to alice, who crashes over them. */
  async function story (seed: number, capsules?: string): Promise<void> {
    const net = new TestNet({ seed })
    const alice = await net.createNode({ protocols: [protocol('/sum', { behavior: summing })], ...capsules !== undefined && { crashCapsules: { directory: capsules } } })
    const bob = await net.createNode()
    const stream = await net.until(bob.dialProtocol(alice.getMultiaddrs()[0]!, '/sum'))
    for (const byte of [1, 2, 0]) {
      await net.until(stream.write(Uint8Array.of(byte)).catch(() => {}))
      await net.run(100)
    }
    await net.stop()
  }

  it('make the exception of a handler again, from its messages and from the seed of its world', async () => {
    await story(7, directory)
    const [file = '', ...others] = files()
    expect(others).to.deep.equal([])
    const { error: { message, name }, ...capsule } = read(file)
    expect(capsule).to.include({ worldSeed: 7, behavior: 'summing', from: 'step' })
    expect(message).to.match(/^12D3Koo.* has sent a zero after 3$/)
    for (const options of [{ behaviors: [summing], forms: valueForms }, { scenario: async (seed: number) => story(seed) }]) {
      const error = await replay(file, options).then(() => undefined, (thrown: unknown) => thrown as Error)
      expect([error?.name, error?.message]).to.deep.equal([name, message])
    }
  })

  it('never hold a private key, whoever crashes', async () => {
    const crashing = new Set<string>()
    const privateKey = await generateKeyPair()
    const secrets = [privateKey.toRaw(), privateKey.toProtobuf()]
    const throwing = <T extends object> (make: Component<T>, method: keyof T & string): Component<T> => context =>
      ({ ...make(context), [method]: () => { throw new Error(method) } })
    for (const [security, muxers] of [
      [[throwing<Security>(noise(), 'handshake' as never)], [yamux()]],
      [[noise()], [throwing<Muxer>(yamux(), 'create')]]
    ] as ReadonlyArray<readonly [readonly Component<Security>[], readonly Component<Muxer>[]]>) {
      const net = new TestNet({ seed: 1 })
      const alice = await net.createNode({ privateKey, security, muxers, crashCapsules: { directory, max: 1000 }, protocols: [protocol('/sum', { behavior: summing })] })
      const bob = await net.createNode()
      await net.until(bob.dial(alice.getMultiaddrs()[0]!).catch(() => {}))
      await net.run(1000)
      // Whatever lives, with a message that it does not expect in a shape that it does not expect.
      const records: TraceRecord[] = []
      alice.inspect.trace({ kinds: ['crashed'] }).subscribe(record => { records.push(record) })
      const { system } = alice.inspect as unknown as { readonly system: { find (path: string): { tell (message: object): boolean, behavior: { accepts?: ReadonlySet<string> } } | null } }
      for (const path of ['services/peer-store', 'services/address-manager', 'services/protocol-registry', 'network/listeners', 'network/swarm', 'network/dialer', 'connections', 'protocols/identify']) {
        const actor = system.find(`/node-1/${path}`)
        for (const type of ['peer-store.get', 'dial.start', 'swarm.connect', 'connections.open', 'connection.opened', 'listeners.listen', 'addresses.listening', 'registry.subscribe']) {
          try {
            actor?.tell({ type, privateKey })
          } catch {
            // It does not take such messages at all.
          }
        }
      }
      await net.run(1000)
      for (const { behavior } of records) crashing.add(behavior)
      await net.stop()
    }
    for (const { behavior } of files().map(read)) crashing.add(behavior)
    expect(crashing.size, [...crashing].join()).to.be.at.least(5)
    for (const file of files()) {
      const text = readFileSync(file, 'latin1')
      for (const secret of secrets) for (const form of ['base64', 'hex', 'latin1'] as const) expect(text.includes(Buffer.from(secret).toString(form)), file).to.equal(false)
      expect(text).to.not.include('PRIVATE KEY')
    }
  })
})
