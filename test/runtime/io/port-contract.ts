/** The contract of ports (src/runtime/io/raw-link.ts): how links come to be. Includes that of their links. */
import { expect } from 'chai'
import { linkContract } from './link-contract.js'
import { call, connect, idle, LinkStage, listen, listening, openPair, text, type PortWorld, type Traits } from './link-kit.js'

/** What is no address, and addresses that fail. */
export interface PortCases {
  readonly noAddresses: readonly string[]
  /** One that nobody listens on. */
  readonly nobody: string
  /** One where this machine cannot listen, where there is such a thing. */
  readonly notLocal?: string
  /** The ends of a link, as an accepted one says. */
  readonly form: RegExp
}

export function portContract (makeWorld: () => PortWorld, traits: Traits, cases: PortCases): void {
  linkContract(makeWorld, openPair, traits)

  let stage: LinkStage<PortWorld>

  beforeEach(() => { stage = new LinkStage(makeWorld()) })
  afterEach(async () => { await stage.end() })

  describe('connecting', () => {
    it('gives both ends the same two addresses', async () => {
      const { address, links: accepted } = await listening(stage)
      const { links: dialed } = connect(stage, address)
      await stage.until(() => dialed.length > 0 && accepted.length > 0)
      expect([dialed[0]!.remoteAddress, accepted[0]!.localAddress]).to.deep.equal([address, address])
      expect(dialed[0]!.localAddress).to.equal(accepted[0]!.remoteAddress).and.to.match(cases.form)
    })

    it('is refused where nobody listens', async () => {
      const { failures } = connect(stage, cases.nobody)
      await stage.until(() => failures.length > 0)
      expect(failures[0]).to.deep.include({ code: 'refused', address: cases.nobody })
      expect(stage.ledger).to.deep.equal([])
    })

    it('is refused once the listener is closed; links that it accepted live on', async () => {
      const { address, links: accepted, listener } = await listening(stage)
      const { links: dialed } = connect(stage, address)
      await stage.until(() => dialed.length > 0 && accepted.length > 0)
      listener[Symbol.dispose]()
      listener[Symbol.dispose]()
      const { failures } = connect(stage, address)
      await stage.until(() => failures.length > 0)
      expect(failures[0]!.code).to.equal('refused')
      const ear = stage.ear(accepted[0]!)
      call(() => dialed[0]!.write(text('still here')))
      await stage.until(() => ear.length === 10)
    })

    it('can be given up, without any callback', async () => {
      const { address, links: accepted } = await listening(stage)
      for (let turns = 0; turns < 3; turns++) {
        const { links, failures, attempt } = connect(stage, address)
        for (let turn = 0; turn < turns && links.length === 0; turn++) await stage.world.turn()
        if (links.length > 0) {
          links[0]!.reset()
          break
        }
        attempt[Symbol.dispose]()
        attempt[Symbol.dispose]()
        await stage.idle()
        expect([links, failures]).to.deep.equal([[], []])
      }
      for (const link of accepted) link.reset()
      expect(stage.world.here.handles.size).to.equal(0)
    })

    it('is over when it is open: giving up afterwards does nothing', async () => {
      const { address } = await listening(stage)
      const { links, attempt } = connect(stage, address)
      await stage.until(() => links.length > 0)
      attempt[Symbol.dispose]()
      expect(links[0]!.closed).to.equal(false)
    })

    it('many times over the same listener makes as many links', async () => {
      const { address, links: accepted } = await listening(stage)
      const attempts = Array.from({ length: 20 }, () => connect(stage, address))
      await stage.until(() => accepted.length === 20 && attempts.every(({ links }) => links.length === 1))
      const ears = accepted.map(link => stage.ear(link))
      attempts.forEach(({ links }, i) => { call(() => links[0]!.write(text(`${100 + i}`))) })
      await stage.until(() => ears.every(({ length }) => length === 3))
      expect(ears.map(ear => ear.text).sort()).to.deep.equal(Array.from({ length: 20 }, (_, i) => `${100 + i}`))
    })

    it('refuses what is no address, and wrong options', () => {
      for (const address of cases.noAddresses) {
        expect(() => connect(stage, address), address).to.throw(TypeError, address)
        expect(() => listen(stage, address), address).to.throw(TypeError, address)
      }
      expect(() => connect(stage, cases.nobody, { timeoutMs: NaN })).to.throw(RangeError, 'timeoutMs')
      expect(() => connect(stage, cases.nobody, { timeout: 1 } as object)).to.throw(TypeError, 'timeout')
      expect(stage.ledger).to.deep.equal([])
    })
  })

  describe('listening', () => {
    it('says where, later', async () => {
      const { addresses, address } = await listening(stage)
      expect(addresses).to.deep.equal([address])
    })

    it('fails where somebody listens already', async () => {
      const { address } = await listening(stage)
      const { failures, addresses } = listen(stage, address)
      expect(failures).to.deep.equal([])
      await stage.until(() => failures.length > 0)
      expect([failures[0]!.code, failures[0]!.address, addresses]).to.deep.equal(['in-use', address, []])
      expect(stage.world.there.handles.labels().filter(label => label.includes('listener'))).to.have.length(1)
    })

    it('works again as soon as the one before is closed', async () => {
      const { address, listener } = await listening(stage)
      listener[Symbol.dispose]()
      const { addresses, failures } = listen(stage, address)
      await stage.until(() => addresses.length + failures.length > 0)
      expect([addresses, failures]).to.deep.equal([[address], []])
    })

    it('fails on an address of another machine', async () => {
      if (cases.notLocal === undefined) return
      const { failures } = listen(stage, cases.notLocal)
      await stage.until(() => failures.length > 0)
      expect(failures[0]!.code).to.equal('not-local')
      expect(stage.ledger).to.deep.equal([])
    })

    it('that is given up at once says nothing', async () => {
      const { listener, addresses, failures } = listen(stage)
      listener[Symbol.dispose]()
      await stage.idle()
      expect([addresses, failures]).to.deep.equal([[], []])
      expect(stage.ledger).to.deep.equal([])
    })

    it('resets links that nobody takes', async () => {
      const { world } = stage
      const addresses: string[] = []
      stage.hold(world.portThere.listen(world.address, {
        onListening: address => { addresses.push(address) },
        onLink: () => {},
        onFailure: () => {}
      }))
      await stage.until(() => addresses.length > 0)
      const { links, failures } = connect(stage, addresses[0]!)
      await stage.until(() => links.length + failures.length > 0)
      // The reset may be there before whoever connects knows that he is connected.
      for (const { code } of failures) expect(code).to.equal('refused')
      for (const link of links) {
        const ear = stage.ear(link)
        await stage.until(() => ear.log.length > 0)
        expect(ear.log).to.deep.equal([traits.resets ? 'reset' : 'end'])
      }
      await idle(world)
      expect(world.there.handles.size).to.equal(1)
    })

    it('takes a link that its callback attaches to', async () => {
      const { world } = stage
      const addresses: string[] = []
      const closes: string[] = []
      stage.hold(world.portThere.listen(world.address, {
        onListening: address => { addresses.push(address) },
        onLink: link => { stage.hold(link).attach({ onData: bytes => { link.write(bytes.slice()) }, onClose: reason => { closes.push(reason) } }) },
        onFailure: () => {}
      }))
      await stage.until(() => addresses.length > 0)
      const { links } = connect(stage, addresses[0]!)
      await stage.until(() => links.length > 0)
      const ear = stage.ear(links[0]!)
      call(() => links[0]!.write(text('echo')))
      await stage.until(() => ear.text === 'echo')
      expect(closes).to.deep.equal([])
    })
  })

  it('counts everything that is open, and nothing else', async () => {
    const { address, links: accepted, listener } = await listening(stage)
    expect(stage.ledger).to.have.length(1)
    const { links: dialed } = connect(stage, address)
    expect(stage.ledger).to.have.length(2)
    await stage.until(() => dialed.length > 0 && accepted.length > 0)
    expect(stage.ledger).to.have.length(3)
    listener[Symbol.dispose]()
    expect(stage.ledger).to.have.length(2)
    dialed[0]!.reset()
    expect(stage.ledger).to.have.length(1)
    accepted[0]!.reset()
    expect(stage.ledger).to.deep.equal([])
  })
}
