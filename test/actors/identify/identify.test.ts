import { expect } from 'chai'
import { identify } from '../../../src/actors/identify/identify.actor.js'
import type { AddressManagerMessage } from '../../../src/messages/address-manager.js'
import type { ConnectionMessage } from '../../../src/messages/connection.js'
import type { IdentifyMessage } from '../../../src/messages/identify.js'
import type { PeerStoreMessage } from '../../../src/messages/peer-store.js'
import { Multiaddr } from '../../../src/messages/value/multiaddr.js'
import { openPeerRecord, signPeerRecord } from '../../../src/messages/value/peer-record.js'
import { DecodeFailure } from '../../../src/messages/wire/failure.js'
import { encodeIdentify, identifyProtocol, identifyPushProtocol, type Identify } from '../../../src/messages/wire/identify.js'
import { alice, crypto, decoded, epochMs, ignores, mostActors, onStage, refuses, says, silent, stranger, us, words, type Line, type Stage } from './stage.js'

const merges = (stage: Stage): Array<Extract<PeerStoreMessage, { type: 'peer-store.merge' }>> =>
  (stage.peerStore as PeerStoreMessage[]).filter(message => message.type === 'peer-store.merge')

const told = ({ heard }: Line): readonly string[] => heard.flatMap((message: ConnectionMessage) => message.type === 'connection.identified' ? message.protocols : [])

function seqOf ({ signedPeerRecord }: Identify): bigint {
  const signed = openPeerRecord(signedPeerRecord!, crypto)
  if (signed instanceof DecodeFailure) throw new Error(signed.toString())
  return signed.record.seq
}

describe('identify, of a new connection', () => {
  const doors = ['/unix/run/docker.sock', '/memory/1', '/ip4/127.0.0.1/tcp/6379', '/ip4/192.168.1.1/tcp/80', '/ip4/198.51.100.2/tcp/4001'].map(text => Multiaddr.parse(text))
  const kept: ReadonlyArray<readonly [seenAt: string, addresses: number]> = [['/ip4/203.0.113.5/tcp/1', 1], ['/ip4/192.168.1.7/tcp/1', 2], ['/ip4/127.0.0.1/tcp/1', 3], ['/unix/run/troupe.sock', 3]]
  for (const [seenAt, count] of kept) {
    for (const signed of [true, false]) {
      it(`keeps no ${signed ? 'signed' : 'unsigned'} address of doors that are ours, of a peer at ${seenAt}`, onStage(async stage => {
        const signedPeerRecord = signed ? signPeerRecord({ peerId: alice.peer, seq: 8n, addresses: doors }, alice.key, crypto).encode() : undefined
        stage.connect(says(words(alice, { listenAddrs: doors.map(({ bytes }) => bytes), signedPeerRecord })), { seenAt })
        await stage.run()
        const [merge] = merges(stage)
        const addresses = (signed ? merge?.patch.record?.addresses : merge?.patch.addresses)?.map(String)
        expect(addresses).to.deep.equal(doors.slice(-count).map(String))
        // What it said is told all the same.
        expect(stage.events.at(-1)).to.have.nested.property('result.listenAddresses.length', doors.length)
      }))
    }
  }

  it('asks who is there, and tells all whom it concerns', onStage(async stage => {
    const line = stage.connect(says(words(alice)))
    await stage.run()
    const [asked] = line.heard
    expect(asked).to.include({ type: 'stream.open', negotiation: 'eager', onLimitedConnection: true })
    expect(asked?.type === 'stream.open' && asked.protocols).to.deep.equal([identifyProtocol])
    expect(told(line)).to.deep.equal([identifyProtocol, identifyPushProtocol, '/chat/1.0.0'])

    const [{ peer, patch }] = merges(stage) as [ReturnType<typeof merges>[0]]
    expect(peer).to.equal(alice.peer)
    expect(patch.publicKey).to.equal(alice.key.publicKey)
    expect(patch.record?.seq).to.equal(7n)
    expect(patch.record?.addresses.map(String)).to.deep.equal(['/ip4/198.51.100.2/tcp/4001'])
    // The signed addresses are the better ones.
    expect(patch).not.to.have.property('addresses')
    expect([patch.agentVersion, patch.protocolVersion]).to.deep.equal(['alice/1', 'ipfs/0.1.0'])

    const observed = (stage.addressManager as AddressManagerMessage[]).find(message => message.type === 'address.observed')
    expect(observed?.address.toString()).to.equal('/ip4/192.0.2.9/tcp/4001')
    expect(observed?.info.path).to.equal(line.info.path)
    expect(stage.news).to.deep.equal(['identified'])
    expect(line.opened[0]!.finished).to.equal(true)
    expect(line.opened[0]!.resetBy).to.equal(undefined)
  }))

  it('uses the rest when the record is bad, and says so', onStage(async stage => {
    stage.connect(says(words(alice, { signedPeerRecord: words(us).signedPeerRecord })))
    await stage.run()
    const [{ patch }] = merges(stage) as [ReturnType<typeof merges>[0]]
    expect(patch).not.to.have.property('record')
    expect(patch.addresses?.map(String)).to.deep.equal(['/ip4/198.51.100.2/tcp/4001'])
    const [event] = stage.events
    expect(event?.type === 'peer.identified' && event.result.badRecord?.code).to.equal('record/peer-mismatch')
  }))

  it('passes on a record of any number: what is stale the peer store knows', onStage(async stage => {
    stage.connect(says(words(alice)))
    stage.connect(says(words(alice)))
    await stage.run()
    expect(merges(stage).map(({ patch }) => patch.record?.seq)).to.deep.equal([7n, 7n])
  }))

  it('believes nothing of one with a wrong key', onStage(async stage => {
    const line = stage.connect(says(words(alice, { publicKey: us.key.publicKey.toProtobuf() })))
    await stage.run()
    expect(merges(stage)).to.deep.equal([])
    expect(told(line)).to.deep.equal([])
    expect(stage.news).to.deep.equal(['identify stream/protocol-violation'])
    expect(line.opened[0]!.resetBy?.code).to.equal('stream/protocol-violation')
  }))

  it('takes a failure for what it is: no word, a refusal, a reset, half a message, too much', onStage(async stage => {
    const cases: ReadonlyArray<readonly [string, Parameters<Stage['connect']>[0]]> = [
      ['stream/ended', says()],
      ['stream/protocol-unsupported', refuses],
      ['stream/reset', far => { far.reset() }],
      ['stream/ended', far => { void far.write(Uint8Array.of(5, 1)); void far.close() }],
      ['stream/message-too-large', far => { void far.write(Uint8Array.of(0x81, 0x40)) }],
      ['stream/protocol-violation', far => { void far.write(new Uint8Array(9).fill(0xff)) }],
      ['stream/protocol-violation', far => { void far.write(Uint8Array.of(1, 0)); void far.close() }]
    ]
    for (const [code, remote] of cases) {
      stage.connect(remote)
      await stage.run()
      expect(stage.news.at(-1)).to.equal(`identify ${code}`)
    }
    expect(stage.news.length).to.equal(cases.length)
    expect(merges(stage)).to.deep.equal([])
    // And goes on.
    stage.connect(says(words(alice)))
    await stage.run()
    expect(stage.news.at(-1)).to.equal('identified')
  }))

  it('waits five seconds, for the stream and for the peer together', onStage(async stage => {
    const mute = stage.connect(silent)
    stage.connect(ignores)
    await stage.run(4900)
    expect(stage.news).to.deep.equal([])
    await stage.run(200)
    expect(stage.news).to.deep.equal(['identify stream/timeout', 'identify stream/timeout'])
    expect(mute.opened[0]!.resetBy?.code).to.equal('stream/reset')
  }))

  it('gives up when the connection ends, at once', onStage(async stage => {
    const line = stage.connect(silent)
    const deaf = stage.connect(ignores)
    await stage.run()
    // Its streams go with it.
    line.opened[0]!.reset('stream/connection-closed')
    for (const { info } of [line, deaf]) stage.system.inspect.kill(info.path)
    await stage.run()
    expect(stage.news).to.deep.equal(['identify stream/connection-closed', 'identify stream/connection-closed'])
    expect(stage.system.list('/node/protocols/identify')).to.deep.equal([])
  }))

  it('asks so many at a time, and in the end all', onStage(async stage => {
    const lines = Array.from({ length: 10 }, (_, n) => stage.connect(silent, { peer: stranger(n + 1) }))
    await stage.run()
    expect(lines.filter(({ opened }) => opened.length > 0).length).to.equal(3)
    await stage.run(5000)
    expect(lines.filter(({ opened }) => opened.length > 0).length).to.equal(6)
    await stage.run(15_000)
    expect(stage.news.filter(news => news === 'identify stream/timeout').length).to.equal(9)
    // One was too many for the queue.
    expect(stage.news.filter(news => news === 'identify limit/streams').length).to.equal(1)
  }, { maxExchanges: 3, maxQueued: 6 }))

  it('is let go when the node has no room for one more actor', onStage(async stage => {
    while (stage.system.liveCells < mostActors) stage.connect(silent)
    await stage.run()
    expect(new Set(stage.news)).to.deep.equal(new Set(['identify actor/refused']))
    expect(stage.service.alive).to.equal(true)
  }))

  it('crashes alone when we have a bug', onStage(async stage => {
    const line = stage.connect(() => {
      line.opened[0]!.readPrefixed = async () => { throw new TypeError('as told') }
    })
    await stage.run()
    expect(stage.news).to.deep.equal(['identify handler/crashed'])
    expect(line.opened[0]!.resetBy?.code).to.equal('stream/reset')
    expect(line.ref.alive).to.equal(true)
    stage.connect(says(words(alice)))
    await stage.run()
    expect(stage.news.at(-1)).to.equal('identified')
  }))
})

describe('identify, our own news', () => {
  it('are pushed to whom it concerns, once they have been quiet for a second', onStage(async stage => {
    stage.announce()
    await stage.run(2000)
    const speaks = stage.connect(says(words(alice)))
    const deaf = stage.connect(says(words(stranger(1), { protocols: [identifyProtocol] })), { peer: stranger(1) })
    await stage.run()
    for (let n = 1; n <= 5; n++) {
      stage.announce([`/ip4/192.0.2.${n}/tcp/4001`])
      await stage.run(500)
      expect(speaks.pushes.length).to.equal(0)
    }
    await stage.run(600)
    expect(deaf.pushes.length).to.equal(0)
    expect(speaks.pushes.length).to.equal(1)
    const [push] = speaks.pushes as [Identify]
    expect(push.listenAddrs.length).to.equal(1)
    expect(push.observedAddr).to.deep.equal(speaks.info.remoteAddress.bytes)
    expect(push.publicKey).to.deep.equal(us.key.publicKey.toProtobuf())
    expect(speaks.opened[1]!.resetBy).to.equal(undefined)
    expect(stage.news).to.deep.equal(['identified', 'identified'])
  }))

  it('are no news when nothing has changed', onStage(async stage => {
    stage.announce()
    await stage.run(2000)
    const line = stage.connect(says(words(alice)))
    await stage.run()
    stage.announce()
    await stage.run(2000)
    expect(line.pushes).to.deep.equal([])
  }))

  it('have a number that grows, and is the time where it can be', onStage(async stage => {
    stage.announce()
    await stage.run(2000)
    const line = stage.connect(says(words(alice)))
    await stage.run()
    const numbers: bigint[] = []
    for (const port of [1, 2, 3]) {
      stage.announce([`/ip4/192.0.2.1/tcp/${port}`])
      // Two changes within one millisecond.
      stage.announce([`/ip4/192.0.2.1/tcp/${port + 10}`])
      await stage.run(1500)
      numbers.push(seqOf(line.pushes.at(-1)!))
    }
    expect(numbers.every((seq, at) => at === 0 || seq > numbers[at - 1]!)).to.equal(true)
    expect(Number(numbers[0]) - epochMs).to.be.within(2200, 2203)
  }))

  it('reach one that had asked before them, and of which we learn later that it speaks push', onStage(async stage => {
    stage.announce()
    await stage.run(2000)
    let answer = (): void => {}
    const line = stage.connect((far, asked) => { answer = () => { says(words(alice))(far, asked) } })
    await stage.run()
    stage.announce(['/ip4/192.0.2.2/tcp/4001'])
    await stage.run(2000)
    expect(line.pushes.length).to.equal(0)
    answer()
    await stage.run()
    expect(line.pushes.length).to.equal(1)
  }))

  it('are pushed so many at a time, and reset when they are not taken in time', onStage(async stage => {
    stage.announce()
    await stage.run(2000)
    const lines = [1, 2, 3].map(n => stage.connect(says(words(stranger(n))), { peer: stranger(n), takes: silent }))
    await stage.run()
    stage.announce([])
    await stage.run(1100)
    expect(lines.map(({ opened }) => opened.length)).to.deep.equal([2, 2, 1])
    await stage.run(5000)
    expect(lines.map(({ opened }) => opened.length)).to.deep.equal([2, 2, 2])
    await stage.run(5000)
    expect(stage.news.slice(3)).to.deep.equal(['push stream/timeout', 'push stream/timeout', 'push stream/timeout'])
  }, { maxPushes: 2 }))
})

describe('identify, asked by a peer', () => {
  it('says who we are, in one message', onStage(async stage => {
    stage.announce()
    const line = stage.connect(silent)
    await stage.run()
    const { far, done } = stage.arrive(stage.protocols[0], line)
    const message = decoded((await far.readPrefixed({ maxBytes: 4096 }))!)
    expect(await far.read()).to.equal(null)
    void far.close()
    await done
    expect(message.agentVersion).to.equal('troupe/0')
    expect(message.protocols).to.deep.equal([identifyProtocol, identifyPushProtocol])
    expect(message.observedAddr).to.deep.equal(line.info.remoteAddress.bytes)
  }))

  it('waits with the answer until there is one', onStage(async stage => {
    const line = stage.connect(silent)
    await stage.run()
    const { far, done } = stage.arrive(stage.protocols[0], line)
    stage.service.tell({ type: 'addresses.changed', addresses: [] })
    await stage.run()
    expect(far.unread).to.equal(0)
    stage.service.tell({ type: 'protocols.changed', protocols: [identifyProtocol] })
    await stage.run()
    expect(decoded((await far.readPrefixed({ maxBytes: 4096 }))!).protocols).to.deep.equal([identifyProtocol])
    await done
  }))

  it('answers while the service is down, and goes on from there', onStage(async stage => {
    stage.announce()
    const line = stage.connect(silent)
    await stage.run()
    const ask = async (): Promise<Identify> => {
      const { far } = stage.arrive(stage.protocols[0], line)
      return decoded((await far.readPrefixed({ maxBytes: 4096 }))!)
    }
    const before = await ask()
    crash(stage)
    expect(await ask()).to.deep.equal(before)
    await stage.run(2000)
    expect(await ask()).to.deep.equal(before)
    stage.announce(['/ip4/192.0.2.77/tcp/1'])
    await stage.run()
    expect(seqOf(await ask()) > seqOf(before)).to.equal(true)
  }))
})

describe('identify, told news by a peer', () => {
  async function push (stage: Stage, line: Line, message: Identify): Promise<void> {
    const { far, done } = stage.arrive(stage.protocols[1], line)
    void far.writePrefixed(encodeIdentify(message))
    void far.close()
    await done
    await stage.run()
  }

  it('passes on what is new', onStage(async stage => {
    const line = stage.connect(says(words(alice)))
    await stage.run()
    await push(stage, line, words(alice, { protocols: ['/new/1'], publicKey: undefined }))
    expect(merges(stage).at(-1)!.patch.protocols).to.deep.equal(['/new/1'])
    expect(told(line).at(-1)).to.equal('/new/1')
    expect(stage.news).to.deep.equal(['identified', 'identified'])
  }))

  it('leaves as it was what the push does not name', onStage(async stage => {
    const line = stage.connect(says(words(alice)))
    await stage.run()
    await push(stage, line, { listenAddrs: [], protocols: [], agentVersion: 'alice/2' })
    expect(merges(stage).at(-1)!.patch).to.deep.equal({ publicKey: alice.key.publicKey, agentVersion: 'alice/2' })
    expect(told(line).length).to.equal(3)
  }))

  it('resets what is wrong, and says so', onStage(async stage => {
    const line = stage.connect(says(words(alice)))
    await stage.run()
    const wrong: ReadonlyArray<readonly [Uint8Array, string]> = [
      [Uint8Array.of(1, 0), 'stream/protocol-violation'],
      [Uint8Array.of(), 'stream/ended'],
      [Uint8Array.of(9, 1), 'stream/ended'],
      [Uint8Array.of(0xff, 0xff, 0x7f), 'stream/message-too-large']
    ]
    for (const [bytes, code] of wrong) {
      const { far, near, done } = stage.arrive(stage.protocols[1], line)
      void far.write(bytes)
      void far.close()
      await done
      await stage.run()
      expect(near.resetBy?.code).to.equal(code)
      expect(stage.news.at(-1)).to.equal(`push ${code}`)
    }
    expect(merges(stage).length).to.equal(1)
  }))

  it('has at most two at a time of each peer', () => {
    const { limits } = identify({ key: us.key, crypto, epochMs })[1]
    expect([limits.inbound, limits.inboundPerPeer]).to.deep.equal([2, 2])
  })

  it('takes no more than ten at once, then one a second, from each peer', onStage(async stage => {
    const line = stage.connect(says(words(alice)))
    const other = stage.connect(says(words(stranger(1))), { peer: stranger(1) })
    await stage.run()
    const push = async (on: Line): Promise<string | undefined> => {
      const { far, near, done } = stage.arrive(stage.protocols[1], on)
      void far.writePrefixed(encodeIdentify({ listenAddrs: [], protocols: [] }))
      void far.close()
      await done
      await stage.run(1)
      return near.resetBy?.code
    }
    for (let n = 0; n < 10; n++) expect(await push(line)).to.equal(undefined)
    expect(await push(line)).to.equal('limit/stream-rate')
    expect(await push(other)).to.equal(undefined)
    await stage.run(1000)
    expect(await push(line)).to.equal(undefined)
    expect(await push(line)).to.equal('limit/stream-rate')
    expect(merges(stage).length).to.equal(2 + 12)
  }))

  it('takes nothing while the service is down, and goes on after', onStage(async stage => {
    const line = stage.connect(says(words(alice)))
    await stage.run()
    // The second restart waits for a second.
    crash(stage)
    await stage.run(10)
    crash(stage)
    await stage.run(10)
    const { near, done } = stage.arrive(stage.protocols[1], line)
    await done
    expect(near.resetBy?.code).to.equal('stream/shutdown')
    await stage.run(2000)
    await push(stage, line, words(alice))
    expect(stage.news.at(-1)).to.equal('identified')
  }))
})

describe('identify, the service', () => {
  it('subscribes to swarm, address manager and protocol registry', onStage(async stage => {
    expect(stage.count(stage.swarm, 'swarm.subscribe')).to.equal(1)
    expect(stage.count(stage.addressManager, 'address.subscribe')).to.equal(1)
    expect(stage.count(stage.protocolRegistry, 'registry.subscribe')).to.equal(1)
  }))

  it('subscribes anew when one of them was restarted, and asks nobody twice', onStage(async stage => {
    const line = stage.connect(says(words(alice)))
    await stage.run()
    stage.system.inspect.kill('/node/swarm')
    await stage.run(1000)
    const anew = stage.neighbour('swarm')
    await stage.run(300)
    expect(stage.count(anew, 'swarm.subscribe')).to.equal(1)
    stage.service.tell({ type: 'connection.opened', connection: line.ref, info: line.info })
    await stage.run()
    expect(stage.news).to.deep.equal(['identified'])
  }))

  it('begins anew after a crash, with its exchanges gone', onStage(async stage => {
    stage.announce()
    const line = stage.connect(silent)
    await stage.run()
    crash(stage)
    await stage.run()
    expect(line.opened[0]!.resetBy).to.not.equal(undefined)
    expect(stage.count(stage.swarm, 'swarm.subscribe')).to.equal(2)
    // The swarm tells of all connections again.
    stage.service.tell({ type: 'connection.opened', connection: line.ref, info: line.info })
    await stage.run()
    expect(line.opened.length).to.equal(2)
  }))

  it('forgets connections that have ended', onStage(async stage => {
    const line = stage.connect(says(words(alice)))
    await stage.run()
    stage.system.inspect.kill(line.info.path)
    await stage.run()
    stage.announce()
    await stage.run(2000)
    expect(line.pushes).to.deep.equal([])
    expect(stage.system.inspect.actor('/node/protocols/identify')?.state).to.deep.include({ connections: 0, waiting: 0, running: 0, pushing: 0 })
  }))

  it('refuses options that are unknown or out of range', () => {
    const good = { key: us.key, crypto, epochMs }
    expect(() => identify({ ...good, key: us.peer } as never)).to.throw(TypeError, 'key')
    expect(() => identify({ ...good, crypto: undefined } as never)).to.throw(TypeError, 'crypto')
    expect(() => identify({ key: us.key, crypto } as never)).to.throw(TypeError, 'epochMs')
    expect(() => identify({ ...good, timeout: 5 } as never)).to.throw(TypeError, 'timeout')
    expect(() => identify({ ...good, timeoutMs: -1 })).to.throw(RangeError, 'timeoutMs')
    expect(() => identify({ ...good, maxExchanges: 0 })).to.throw(RangeError, 'maxExchanges')
    expect(() => identify({ ...good, agentVersion: 'x'.repeat(257) })).to.throw(TypeError, 'agentVersion')
  })
})

/** By a message that nobody sends. */
function crash ({ service }: Stage): void {
  service.tell({ type: 'identify.succeeded' } as unknown as IdentifyMessage)
}
