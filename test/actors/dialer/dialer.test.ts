/** The dialer and its dials: joined, one address after another, each waiter answered once and in time. */
import { expect } from 'chai'
import { dialer, type DialerOptions } from '../../../src/actors/dialer/dialer.actor.js'
import { openGate } from '../../../src/actors/gater/gate.js'
import type { Resolve } from '../../../src/actors/dialer/dial.actor.js'
import type { DialerMessage, DialOutcome } from '../../../src/messages/dial.js'
import type { Multiaddr } from '../../../src/messages/value/multiaddr.js'
import type { PeerId } from '../../../src/messages/value/peer-id.js'
import type { ActorRef } from '../../../src/runtime/ref.js'
import { SeededRandom } from '../../../src/runtime/random.js'
import { cellOf } from '../../runtime/kit.js'
import { Asker, at, FakeAdmission, FakeConnections, FakeTransport, host, inWorlds, peerOf, type Stage } from '../network-kit.js'

interface Setting {
  readonly transport: FakeTransport
  readonly admission: FakeAdmission
  readonly connections: FakeConnections
  readonly dialer: ActorRef<DialerMessage>
  readonly ask: (id: string, addresses: readonly Multiaddr[], deadline: number, peer?: PeerId) => Asker<DialOutcome>
}

const noNames: Resolve = async addresses => ({ addresses, failures: [] })

function set (stage: Stage, options: Partial<DialerOptions> = {}, resolve: Resolve = noNames): Setting {
  const transport = new FakeTransport(stage)
  const admission = new FakeAdmission()
  const connections = new FakeConnections(stage)
  const ref = stage.system.spawn(dialer, { name: 'dialer', input: { transports: [transport], admission, gate: openGate, interfaces: () => [], connections: connections.ref, resolve, options } })
  return {
    transport,
    admission,
    connections,
    dialer: ref,
    ask (id, addresses, deadline, peer) {
      const asker = new Asker<DialOutcome>(stage)
      ref.tell({ type: 'dial.start', id, addresses, deadline, replyTo: asker.ref, ...peer !== undefined && { peer } })
      return asker
    }
  }
}

const peer = peerOf(1)

describe('dialer', () => {
  it('connects to the first address that answers, and tries no other', inWorlds(10, async stage => {
    const { transport, connections, ask, admission } = set(stage)
    transport.fates.set(host(2).toString(), { does: 'open' })
    const asker = ask('a', [host(1), host(2), host(3)], 30_000, peer)
    await stage.world.run(100)
    expect(asker.only).to.include({ type: 'dial.done', id: 'a' })
    expect(transport.dialed.map(([, address]) => address)).to.deep.equal([host(1), host(2)].map(address => address.withPeer(peer).toString()))
    expect(transport.mostDialing).to.equal(1)
    expect(connections.opened.map(({ expectedPeer }) => expectedPeer?.toString())).to.deep.equal([peer.toString()])
    // The lease has gone on with the link.
    expect(admission.leases).to.equal(1)
    expect(transport.links.map(({ disposed }) => disposed)).to.deep.equal([0])
  }))

  it('takes the peer that an address names for the one to expect', inWorlds(3, async stage => {
    const { transport, connections, ask } = set(stage)
    transport.fates.set(host(1).toString(), { does: 'open' })
    ask('a', [host(1).withPeer(peer)], 30_000)
    await stage.world.run(100)
    expect(connections.opened[0]!.expectedPeer?.equals(peer)).to.equal(true)
  }))

  it('names each address and its code when all have failed', inWorlds(10, async stage => {
    const { transport, connections, ask, admission } = set(stage)
    transport.fates.set(host(2).toString(), { does: 'open' })
    connections.upgrades.set(host(2).toString(), { does: 'fail', failure: { code: 'upgrade/peer-mismatch', detail: 'x' } })
    const asker = ask('a', [host(1), host(2), at('/ip4/10.0.0.9/udp/1')], 30_000, peer)
    await stage.world.run(100)
    expect(asker.code).to.equal('dial/failed')
    // What nobody can dial is known before anything is tried.
    expect(asker.failure.causes?.map(({ code }) => code)).to.deep.equal(['dial/no-transport', 'dial/refused', 'upgrade/peer-mismatch'])
    expect(asker.failure.causes?.[2]?.detail).to.equal(`${host(2).toString()}: x`)
    expect(admission.leases).to.equal(0)
    expect(transport.links.map(({ disposed }) => disposed > 0)).to.deep.equal([true])
  }))

  it('gives the failure of an only address as it is', inWorlds(3, async stage => {
    const { ask } = set(stage)
    const asker = ask('a', [host(1)], 30_000, peer)
    await stage.world.run(100)
    expect(asker.code).to.equal('dial/refused')
  }))

  it('answers dial/no-transport before anything else, when no transport fits', inWorlds(3, async stage => {
    const { ask, admission } = set(stage)
    const asker = ask('a', [at('/ip4/10.0.0.9/udp/1/quic-v1')], 30_000)
    await stage.world.run(0.1)
    expect(asker.code).to.equal('dial/no-transport')
    expect(admission.asked).to.deep.equal([])
  }))

  it('tries each address once, and so many at most', inWorlds(3, async stage => {
    const { transport, ask } = set(stage, { addresses: 5 })
    const many = Array.from({ length: 30 }, (_, n) => host(n))
    const asker = ask('a', [host(0), ...many, host(0).withPeer(peer)], 30_000, peer)
    await stage.world.run(100)
    expect(transport.dialed).to.have.length(5)
    expect(asker.code).to.equal('dial/failed')
    expect(asker.failure.detail).to.equal('5 addresses, and 25 more were not tried')
  }))

  it('leaves out what names lead to of other peers', inWorlds(3, async stage => {
    const resolve: Resolve = async () => ({ addresses: [host(1).withPeer(peerOf(2)), host(2).withPeer(peer)], failures: [] })
    const { transport, ask } = set(stage, {}, resolve)
    transport.fates.set(host(2).toString(), { does: 'open' })
    const asker = ask('a', [at('/dnsaddr/example.org').withPeer(peer)], 30_000)
    await stage.world.run(100)
    expect(asker.only.type).to.equal('dial.done')
    expect(transport.dialed).to.have.length(1)
  }))

  it('tells of names that lead nowhere', inWorlds(3, async stage => {
    const resolve: Resolve = async () => { throw new Error('no such name') }
    const { transport, ask } = set(stage, {}, resolve)
    const asker = ask('a', [at('/dnsaddr/example.org'), host(1)], 30_000, peer)
    const other = ask('b', [at('/dns4/example.org/udp/1')], 30_000)
    await stage.world.run(100)
    expect(asker.failure.causes?.map(({ code }) => code)).to.deep.equal(['dial/resolve-failed', 'dial/refused'])
    expect(other.code).to.equal('dial/resolve-failed')
    expect(transport.dialed).to.have.length(1)
  }))

  it('cancels resolving with the dial', inWorlds(3, async stage => {
    const signals: AbortSignal[] = []
    const resolve: Resolve = async (_, { signal }) => {
      signals.push(signal)
      return new Promise((_resolve, reject) => { signal.addEventListener('abort', () => { reject(new Error('aborted')) }) })
    }
    const { ask, dialer } = set(stage, {}, resolve)
    const asker = ask('a', [at('/dnsaddr/example.org')], 30_000)
    await stage.world.run(10)
    dialer.tell({ type: 'dial.cancel', id: 'a' })
    await stage.world.run(10)
    expect(signals[0]!.aborted).to.equal(true)
    expect(asker.answers).to.deep.equal([])
  }))

  describe('deadlines', () => {
    it('end a wait at the millisecond, with what was tried', inWorlds(10, async stage => {
      const { transport, ask, admission } = set(stage)
      transport.fates.set(host(2).toString(), { does: 'hang' })
      const asker = ask('a', [host(1), host(2)], 3000, peer)
      await stage.world.run(20_000)
      expect(asker.code).to.equal('dial/timeout')
      expect(asker.times).to.deep.equal([3000])
      expect(asker.failure.causes?.map(({ code }) => code)).to.deep.equal(['dial/refused'])
      expect([transport.dialing, admission.leases]).to.deep.equal([0, 0])
    }))

    it('leave a silent address ten seconds, and a silent upgrade no more of them', inWorlds(5, async stage => {
      const { transport, connections, ask, admission } = set(stage)
      transport.fates.set(host(1).toString(), { does: 'hang' })
      transport.fates.set(host(2).toString(), { does: 'open', after: 4000 })
      connections.upgrades.set(host(2).toString(), { does: 'hang' })
      const asker = ask('a', [host(1), host(2)], 60_000, peer)
      await stage.world.run(60_000)
      expect(asker.times).to.deep.equal([10_250])
      expect(asker.failure.causes?.map(({ code }) => code)).to.deep.equal(['dial/timeout', 'upgrade/timeout'])
      expect([transport.dialing, admission.leases, connections.givenUp]).to.deep.equal([0, 0, 1])
    }))

    it('that are over already are answered at once', inWorlds(3, async stage => {
      const { ask } = set(stage)
      await stage.world.run(100)
      const asker = ask('a', [host(1)], 50, peer)
      await stage.world.run(0.5)
      expect(asker.code).to.equal('dial/timeout')
    }))
  })

  describe('joins', () => {
    it('those who want the same peer: one dial, each answered', inWorlds(10, async stage => {
      const { transport, ask, connections } = set(stage)
      transport.fates.set(host(1).toString(), { does: 'open', after: 50 })
      const askers = [ask('a', [host(1)], 30_000, peer), ask('b', [host(1).withPeer(peer)], 30_000), ask('c', [host(1)], 30_000, peer)]
      await stage.world.run(100)
      expect(askers.map(({ only }) => `${only.type} ${only.id}`)).to.deep.equal(['dial.done a', 'dial.done b', 'dial.done c'])
      expect(transport.dialed).to.have.length(1)
      expect(connections.opened).to.have.length(1)
    }))

    it('those who want the same addresses of nobody in particular, in any order', inWorlds(3, async stage => {
      const { transport, ask } = set(stage)
      transport.fates.set(host(1).toString(), { does: 'open', after: 50 })
      const askers = [ask('a', [host(1), host(2)], 30_000), ask('b', [host(2), host(1)], 30_000), ask('c', [host(1)], 30_000)]
      await stage.world.run(100)
      expect(askers.map(({ only }) => only.type)).to.deep.equal(['dial.done', 'dial.done', 'dial.done'])
      expect(transport.dialed).to.have.length(2)
    }))

    it('and tries the addresses of the later behind those of the first', inWorlds(10, async stage => {
      const { transport, ask } = set(stage)
      transport.fates.set(host(1).toString(), { does: 'refuse', after: 50 })
      transport.fates.set(host(2).toString(), { does: 'open' })
      const first = ask('a', [host(1)], 30_000, peer)
      await stage.world.run(10)
      const second = ask('b', [host(1), host(2)], 30_000, peer)
      await stage.world.run(100)
      expect([first.only.type, second.only.type]).to.deep.equal(['dial.done', 'dial.done'])
      expect(transport.dialed).to.have.length(2)
    }))

    it('and tries them also when they come as the first have all failed', inWorlds(60, async stage => {
      const { transport, ask } = set(stage)
      transport.fates.set(host(2).toString(), { does: 'open' })
      const first = ask('a', [host(1)], 30_000, peer)
      // Somewhere around the moment at which the dial is exhausted.
      await stage.world.run(1 + stage.world.random.next() * 0.05)
      const second = ask('b', [host(2)], 30_000, peer)
      await stage.world.run(100)
      expect(first.answers).to.have.length(1)
      expect(second.only.type).to.equal('dial.done')
    }))

    it('without the early deadline of one cutting short another', inWorlds(10, async stage => {
      const { transport, ask } = set(stage)
      transport.fates.set(host(1).toString(), { does: 'open', after: 5000 })
      const hasty = ask('a', [host(1)], 1000, peer)
      const patient = ask('b', [host(1)], 9000, peer)
      await stage.world.run(10_000)
      expect([hasty.code, hasty.times[0]]).to.deep.equal(['dial/timeout', 1000])
      expect([patient.only.type, patient.times[0]]).to.deep.equal(['dial.done', 5001])
    }))
  })

  describe('cancel', () => {
    it('of the last ends the dial, and gives back lease and socket', inWorlds(10, async stage => {
      const { transport, ask, admission, dialer } = set(stage)
      transport.fates.set(host(1).toString(), { does: 'hang' })
      const asker = ask('a', [host(1)], 30_000, peer)
      await stage.world.run(10)
      expect([transport.dialing, admission.leases]).to.deep.equal([1, 1])
      dialer.tell({ type: 'dial.cancel', id: 'a' })
      await stage.world.run(10)
      expect([transport.dialing, admission.leases, cellOf(dialer).childCount]).to.deep.equal([0, 0, 0])
      expect(asker.answers).to.deep.equal([])
      dialer.tell({ type: 'dial.cancel', id: 'a' })
      dialer.tell({ type: 'dial.cancel', id: 'nobody' })
      await stage.world.run(10)
    }))

    it('of one changes nothing for another', inWorlds(10, async stage => {
      const { transport, ask, dialer } = set(stage)
      transport.fates.set(host(1).toString(), { does: 'open', after: 50 })
      const gone = ask('a', [host(1)], 30_000, peer)
      const other = ask('b', [host(1)], 30_000, peer)
      await stage.world.run(10)
      dialer.tell({ type: 'dial.cancel', id: 'a' })
      await stage.world.run(100)
      expect(gone.answers).to.deep.equal([])
      expect([other.only.type, other.times[0]]).to.deep.equal(['dial.done', 51])
    }))

    it('in the midst of the upgrade gives that up too', inWorlds(10, async stage => {
      const { transport, connections, ask, admission, dialer } = set(stage)
      transport.fates.set(host(1).toString(), { does: 'open' })
      connections.upgrades.set(host(1).toString(), { does: 'hang' })
      ask('a', [host(1)], 30_000, peer)
      await stage.world.run(10)
      dialer.tell({ type: 'dial.cancel', id: 'a' })
      await stage.world.run(10)
      expect([connections.givenUp, admission.leases, transport.links[0]!.disposed]).to.deep.equal([1, 0, 1])
    }))

    it('and a new dial of the same peer is another', inWorlds(10, async stage => {
      const { transport, ask, dialer } = set(stage)
      transport.fates.set(host(1).toString(), { does: 'open', after: 50 })
      ask('a', [host(1)], 30_000, peer)
      await stage.world.run(10)
      dialer.tell({ type: 'dial.cancel', id: 'a' })
      const again = ask('b', [host(1)], 30_000, peer)
      await stage.world.run(100)
      expect([again.only.type, transport.dialed.length]).to.deep.equal(['dial.done', 2])
    }))
  })

  describe('bears', () => {
    it('a crash of an attempt: the next address is tried', inWorlds(10, async stage => {
      const { transport, ask, admission } = set(stage)
      transport.fates.set(host(1).toString(), { does: 'throw' })
      transport.fates.set(host(2).toString(), { does: 'refuse' })
      const asker = ask('a', [host(1), host(2)], 30_000, peer)
      await stage.world.run(100)
      expect(asker.failure.causes?.map(({ code }) => code)).to.deep.equal(['actor/down', 'dial/refused'])
      expect(admission.leases).to.equal(0)
    }))

    it('a kill of an attempt under way, in either state', inWorlds(10, async stage => {
      const { transport, connections, ask, admission, dialer } = set(stage)
      transport.fates.set(host(1).toString(), { does: 'hang' })
      transport.fates.set(host(2).toString(), { does: 'open' })
      connections.upgrades.set(host(2).toString(), { does: 'hang' })
      const asker = ask('a', [host(1), host(2)], 30_000, peer)
      await stage.world.run(10)
      stage.system.root.kill(stage.system.named(`${dialer.path}/1/1`))
      await stage.world.run(10)
      expect([transport.dialing, admission.leases]).to.deep.equal([0, 1])
      stage.system.root.kill(stage.system.named(`${dialer.path}/1/2`))
      await stage.world.run(10)
      expect([connections.givenUp, admission.leases]).to.deep.equal([1, 0])
      expect(asker.failure.causes?.map(({ code }) => code)).to.deep.equal(['actor/down', 'actor/down'])
    }))

    it('a kill of a dial: its waiters hear of it, and no other', inWorlds(10, async stage => {
      const { transport, ask, admission, dialer } = set(stage)
      transport.fates.set(host(1).toString(), { does: 'hang' })
      transport.fates.set(host(2).toString(), { does: 'open', after: 50 })
      const askers = [ask('a', [host(1)], 30_000, peer), ask('b', [host(1)], 30_000, peer)]
      const other = ask('c', [host(2)], 30_000, peerOf(2))
      await stage.world.run(10)
      stage.system.root.kill(stage.system.named(`${dialer.path}/1`))
      await stage.world.run(100)
      expect(askers.map(({ code }) => code)).to.deep.equal(['actor/down', 'actor/down'])
      expect(other.only.type).to.equal('dial.done')
      expect([transport.dialing, admission.leases]).to.deep.equal([0, 1])
    }))

    it('connections that are down, or take no more', inWorlds(3, async stage => {
      const { transport, connections, ask, admission } = set(stage)
      transport.fates.set(host(1).toString(), { does: 'open' })
      stage.system.root.kill(connections.ref)
      const asker = ask('a', [host(1)], 30_000, peer)
      await stage.world.run(100)
      expect(asker.code).to.equal('actor/down')
      expect([transport.links[0]!.disposed, admission.leases]).to.deep.equal([1, 0])
    }))

    it('an admission that refuses, without dialing', inWorlds(3, async stage => {
      const { transport, ask, admission } = set(stage)
      admission.refusal = { code: 'limit/connections', detail: "limit 'connections' of 1" }
      const asker = ask('a', [host(1)], 30_000, peer)
      await stage.world.run(100)
      expect(asker.code).to.equal('limit/connections')
      expect(transport.dialed).to.deep.equal([])
    }))
  })

  it('refuses more dials and more waiters than it may have', inWorlds(3, async stage => {
    const { transport, ask } = set(stage, { dials: 2, waiters: 3 })
    for (let n = 1; n <= 4; n++) transport.fates.set(host(n).toString(), { does: 'hang' })
    ask('a', [host(1)], 1000, peerOf(1))
    ask('b', [host(2)], 1000, peerOf(2))
    await stage.world.run(1)
    const third = ask('c', [host(3)], 1000, peerOf(3))
    ask('d', [host(1)], 1000, peerOf(1))
    await stage.world.run(1)
    const fourth = ask('e', [host(1)], 1000, peerOf(1))
    await stage.world.run(1)
    expect([third.code, fourth.code]).to.deep.equal(['dial/too-many', 'dial/too-many'])
    await stage.world.run(2000)
  }))

  it('answers each waiter once and by its deadline, whatever happens (100 worlds)', inWorlds(100, async stage => {
    const { world, system, seed } = stage
    const random = new SeededRandom(seed)
    const { transport, connections, ask, admission, dialer } = set(stage)
    const fates = ['open', 'refuse', 'hang', 'throw'] as const
    const upgrades = ['open', 'fail', 'hang'] as const
    for (let n = 0; n < 12; n++) {
      transport.fates.set(host(n).toString(), { does: fates[random.int(fates.length)]!, after: random.int(3000) })
      connections.upgrades.set(host(n).toString(), { does: upgrades[random.int(upgrades.length)]!, after: random.int(3000) })
    }
    const waiters: Array<{ readonly asker: Asker<DialOutcome>, readonly deadline: number, readonly id: string, cancelled: boolean }> = []
    for (let round = 0; round < 25; round++) {
      const what = random.int(10)
      if (what < 6) {
        const addresses = Array.from({ length: 1 + random.int(4) }, () => host(random.int(12)))
        const deadline = world.now() + random.int(15_000)
        const id = `w${waiters.length}`
        waiters.push({ asker: ask(id, addresses, deadline, random.int(4) === 0 ? undefined : peerOf(random.int(3))), deadline, id, cancelled: false })
      } else if (what < 8 && waiters.length > 0) {
        const waiter = waiters[random.int(waiters.length)]!
        dialer.tell({ type: 'dial.cancel', id: waiter.id })
        if (waiter.asker.answers.length === 0) waiter.cancelled = true
      } else if (what === 8) {
        const victims = system.list(dialer.path)
        if (victims.length > 0) system.root.kill(victims[random.int(victims.length)]!.ref)
      }
      await world.run(random.int(1500))
    }
    await world.run(20_000)
    for (const { asker, deadline, cancelled, id } of waiters) {
      expect(asker.answers.length, id).to.be.within(cancelled ? 0 : 1, 1)
      if (asker.answers.length === 1) expect(asker.times[0], id).to.be.at.most(Math.ceil(deadline) + 1)
    }
    expect(cellOf(dialer).childCount).to.equal(0)
    expect(transport.dialing).to.equal(0)
    // A lease for each connection that lives, and no other.
    expect(admission.leases).to.equal(transport.links.filter(({ disposed }) => disposed === 0).length)
  }))
})
