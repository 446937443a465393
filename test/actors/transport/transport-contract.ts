/** The contract of transports (src/actors/contract/transport.ts), for those that are made of a port of raw links. */
import { expect } from 'chai'
import type { Link } from '../../../src/actors/contract/link.js'
import type { Opened, Transport } from '../../../src/actors/contract/transport.js'
import type { Failure } from '../../../src/messages/failure.js'
import { Multiaddr } from '../../../src/messages/value/multiaddr.js'
import type { System } from '../../../src/runtime/system.js'
import { LinkStage, text, type LinkWorld } from '../../runtime/io/link-kit.js'

export const peer = '12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA'

export interface TransportWorld extends LinkWorld {
  readonly transportHere: Transport
  readonly transportThere: Transport
}

export interface TransportCases {
  readonly name: string
  /** To listen on. Its port, where it has one, is any. */
  readonly listen: string
  readonly listened: RegExp
  readonly remote: RegExp
  readonly nobody: string
  readonly dials: readonly string[]
  readonly doesNotDial: readonly string[]
  readonly listens: readonly string[]
  readonly doesNotListen: readonly string[]
}

export interface Opening {
  readonly links: Link[]
  readonly failures: Failure[]
}

export interface TransportListening extends Opening {
  readonly addresses: Multiaddr[]
  readonly listener: Disposable
}

function taken (stage: LinkStage<TransportWorld>, system: System, links: Link[]): (opened: Opened) => void {
  return ({ kind, handle }) => {
    if (kind !== 'link') throw new Error('not a link')
    links.push(stage.hold(handle))
    expect(system.custody, 'what is opened is what is handed over').to.equal(handle)
    system.custody = undefined
  }
}

export function listenOn (stage: LinkStage<TransportWorld>, address: string): TransportListening {
  const { transportThere, there } = stage.world
  const [links, failures, addresses]: [Link[], Failure[], Multiaddr[]] = [[], [], []]
  const listener = stage.hold(transportThere.listen(Multiaddr.parse(address), {
    onListening: chosen => { addresses.push(...chosen) },
    onOpen: taken(stage, there, links),
    onFailure: failure => { failures.push(failure) }
  }))
  return { links, failures, addresses, listener }
}

export function dial (stage: LinkStage<TransportWorld>, address: string, timeoutMs = 5000): Opening & { readonly attempt: Disposable } {
  const { transportHere, here } = stage.world
  const [links, failures]: [Link[], Failure[]] = [[], []]
  const attempt = stage.hold(transportHere.dial(Multiaddr.parse(address), here.now() + timeoutMs, {
    onOpen: taken(stage, here, links),
    onFailure: failure => { failures.push(failure) }
  }))
  return { links, failures, attempt }
}

export function transportContract (makeWorld: () => TransportWorld, cases: TransportCases): void {
  let stage: LinkStage<TransportWorld>

  beforeEach(() => { stage = new LinkStage(makeWorld()) })
  afterEach(async () => { await stage.end() })

  it('has a name, and says what it can dial and listen on', () => {
    const { transportHere: transport } = stage.world
    expect(transport.name).to.equal(cases.name)
    for (const address of cases.dials) expect(transport.dials(Multiaddr.parse(address)), address).to.equal(true)
    for (const address of cases.doesNotDial) expect(transport.dials(Multiaddr.parse(address)), address).to.equal(false)
    for (const address of cases.listens) expect(transport.listens(Multiaddr.parse(address)), address).to.equal(true)
    for (const address of cases.doesNotListen) expect(transport.listens(Multiaddr.parse(address)), address).to.equal(false)
  })

  it('refuses what it cannot dial or listen on', () => {
    for (const address of cases.doesNotDial) expect(() => dial(stage, address), address).to.throw(TypeError, address)
    for (const address of cases.doesNotListen) expect(() => listenOn(stage, address), address).to.throw(TypeError, address)
  })

  it('opens links that know both ends and who began, and carries their bytes', async () => {
    const { links: accepted, addresses } = listenOn(stage, cases.listen)
    await stage.until(() => addresses.length > 0)
    expect(String(addresses[0])).to.match(cases.listened)
    const { links: dialed } = dial(stage, String(addresses[0]!.encapsulate(`/p2p/${peer}`)))
    await stage.until(() => dialed.length > 0 && accepted.length > 0)
    const [a, b] = [dialed[0]!, accepted[0]!]
    expect([a.direction, b.direction]).to.deep.equal(['outbound', 'inbound'])
    expect([String(a.remoteMultiaddr), String(b.localMultiaddr)]).to.deep.equal([String(addresses[0]), String(addresses[0])])
    expect(String(b.remoteMultiaddr)).to.match(cases.remote).and.to.equal(String(a.localMultiaddr))
    const ear = stage.ear(b)
    a.write(text('hello'))
    await stage.until(() => ear.text === 'hello')
  })

  it('says why there is no link', async () => {
    const { failures } = dial(stage, cases.nobody)
    await stage.until(() => failures.length > 0)
    expect(failures[0]!.code).to.equal('dial/refused')
    expect(stage.ledger).to.deep.equal([])
  })

  it('says why it does not listen', async () => {
    const { addresses } = listenOn(stage, cases.listen)
    await stage.until(() => addresses.length > 0)
    const { failures } = listenOn(stage, String(addresses[0]))
    await stage.until(() => failures.length > 0)
    expect(failures[0]!.code).to.equal('listen/address-in-use')
  })

  it('can give up', async () => {
    const { addresses, listener, links } = listenOn(stage, cases.listen)
    await stage.until(() => addresses.length > 0)
    const { attempt, links: dialed, failures } = dial(stage, String(addresses[0]))
    attempt[Symbol.dispose]()
    await stage.idle()
    expect([dialed, failures]).to.deep.equal([[], []])
    for (const link of links) link.reset()
    listener[Symbol.dispose]()
    expect(stage.ledger).to.deep.equal([])
  })
}
