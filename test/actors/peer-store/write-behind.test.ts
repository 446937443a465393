/** The peer store and its datastore, in virtual time: one that is slow, fails, hangs, is full, holds rubbish; and crashes in between. */
import { expect } from 'chai'
import { PeerDisk } from '../../../src/actors/peer-store/peer-disk.port.js'
import type { Datastore, DatastoreKey } from '../../../src/actors/peer-store/datastore.js'
import { peerStore, type PeerStoreInput } from '../../../src/actors/peer-store/peer-store.actor.js'
import type { PeerStoreEvent, PeerStoreMessage, PeerStoreReply } from '../../../src/messages/peer-store.js'
import type { ActorRef } from '../../../src/runtime/ref.js'
import { cellOf } from '../../runtime/kit.js'
import { Asker, host, inWorlds, peerOf, type Stage } from '../network-kit.js'

type Fate = 'works' | 'fails' | 'hangs'

/** Answers after `delayMs` of virtual time, if at all. */
class FakeDatastore implements Datastore {
  readonly entries = new Map<string, Uint8Array>()
  fate: Fate = 'works'
  delayMs = 5
  commits = 0
  queries = 0
  busy = 0
  mostBusy = 0
  private readonly stage: Stage
  private readonly hanging: Array<() => void> = []

  constructor (stage: Stage) {
    this.stage = stage
  }

  batch (): ReturnType<Datastore['batch']> {
    const changes: Array<() => void> = []
    return {
      put: (key: DatastoreKey, value: Uint8Array) => { changes.push(() => { this.entries.set(key.toString(), value) }) },
      delete: (key: DatastoreKey) => { changes.push(() => { this.entries.delete(key.toString()) }) },
      commit: async () => {
        this.commits++
        await this.answer()
        for (const change of changes) change()
      }
    }
  }

  async* query ({ prefix }: { readonly prefix: string }): ReturnType<Datastore['query']> & AsyncGenerator<{ key: DatastoreKey, value: Uint8Array }> {
    this.queries++
    await this.answer()
    for (const [key, value] of this.entries) if (key.startsWith(prefix)) yield { key: { toString: () => key, uint8Array: () => new Uint8Array(0) }, value }
  }

  /** What hangs answers after all. */
  letGo (): void {
    for (const resolve of this.hanging.splice(0)) resolve()
  }

  private async answer (): Promise<void> {
    this.mostBusy = Math.max(this.mostBusy, ++this.busy)
    const { fate } = this
    try {
      if (fate === 'hangs') await new Promise<void>(resolve => { this.hanging.push(resolve) })
      else await new Promise<void>(resolve => { this.stage.system.root.alarm(this.delayMs, resolve) })
      if (fate === 'fails') throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    } finally {
      this.busy--
    }
  }
}

class Setting {
  readonly disk: FakeDatastore
  readonly asker: Asker<PeerStoreReply>
  readonly store: ActorRef<PeerStoreMessage>
  readonly failures: string[] = []
  private readonly stage: Stage

  constructor (stage: Stage, input: Partial<PeerStoreInput> = {}, disk = new FakeDatastore(stage)) {
    this.stage = stage
    this.disk = disk
    const { system } = stage
    system.trace.add((_, __, subject) => {
      const event = subject as PeerStoreEvent
      if (event.type === 'peer-store.failed') this.failures.push(event.failure.code)
    }, ['emitted'])
    this.asker = new Asker<PeerStoreReply>(stage)
    const path = `peer-store-${system.now()}`
    system.spawn(peerStore, { name: path, restart: 'permanent', input: { disk: new PeerDisk(disk), epochMs: 1_700_000_000_000, times: { writeDelayMs: 1000, storeTimeoutMs: 500, retryMs: 100 }, ...input } })
    this.store = system.named(`/node/${path}`)
  }

  merge (n: number): void {
    this.store.tell({ type: 'peer-store.merge', peer: peerOf(n), patch: { addresses: [host(n)], source: 'user' } })
  }

  ask (type: 'peer-store.flush' | 'peer-store.all', id: string): void {
    this.store.tell({ type, id, replyTo: this.asker.ref })
  }

  async run (ms: number): Promise<void> {
    await this.stage.world.run(ms)
  }

  /** The answer to a question, and when it came. */
  answer (id: string): { readonly at: number, readonly says: unknown } | undefined {
    const i = this.asker.answers.findIndex(answer => answer.id === id)
    const reply = this.asker.answers[i]
    if (reply === undefined) return undefined
    const says = reply.type === 'peer-store.flushed' ? reply.failure?.code ?? 'flushed' : reply.type === 'peer-store.peers' ? reply.peers.length : reply.info
    return { at: this.asker.times[i]!, says }
  }

  crash (): void {
    cellOf(this.stage.system.root).child(this.store.path.split('/').at(-1)!)!.crash('io', new Error('as told'))
  }
}

describe('peer store with a datastore', () => {
  it('writes behind, all changes of a while at once, and reads them again', inWorlds(5, async stage => {
    const first = new Setting(stage)
    await first.run(10)
    for (let n = 1; n <= 20; n++) first.merge(n)
    first.merge(1)
    await first.run(900)
    expect(first.disk.commits).to.equal(0)
    await first.run(200)
    expect([first.disk.commits, first.disk.entries.size]).to.deep.equal([1, 20])
    first.store.tell({ type: 'peer-store.forget', id: 'gone', peer: peerOf(3), replyTo: first.asker.ref })
    await first.run(1100)
    expect(first.disk.entries.size).to.equal(19)
    const second = new Setting(stage, {}, first.disk)
    second.ask('peer-store.all', 'all')
    await second.run(20)
    expect(second.answer('all')?.says).to.equal(19)
    expect(second.failures).to.deep.equal([])
  }))

  it('answers a flush when all before it is written, and not before', inWorlds(5, async stage => {
    const setting = new Setting(stage)
    setting.disk.delayMs = 50
    await setting.run(100)
    setting.merge(1)
    setting.ask('peer-store.flush', 'a')
    await setting.run(10)
    setting.merge(2)
    setting.ask('peer-store.flush', 'b')
    await setting.run(30)
    expect(setting.answer('a')).to.equal(undefined)
    await setting.run(15)
    expect([setting.answer('a')?.says, setting.answer('b'), setting.disk.entries.size]).to.deep.equal(['flushed', undefined, 1])
    await setting.run(60)
    expect([setting.answer('b')?.says, setting.disk.entries.size, setting.disk.mostBusy]).to.deep.equal(['flushed', 2, 1])
    setting.ask('peer-store.flush', 'c')
    await setting.run(1)
    expect(setting.answer('c')?.says).to.equal('flushed')
  }))

  it('lets questions wait until all was read, but no change', inWorlds(5, async stage => {
    const before = new Setting(stage)
    await before.run(10)
    for (let n = 1; n <= 5; n++) before.merge(n)
    before.ask('peer-store.flush', 'f')
    await before.run(20)
    const disk = before.disk
    disk.delayMs = 300
    const setting = new Setting(stage, {}, disk)
    setting.ask('peer-store.all', 'early')
    setting.store.tell({ type: 'peer-store.merge', id: 'merged', peer: peerOf(1), patch: { addresses: [host(100)], source: 'user', metadata: { a: Uint8Array.of(1) } }, replyTo: setting.asker.ref })
    setting.merge(6)
    await setting.run(10)
    expect(setting.answer('merged')).to.not.equal(undefined)
    expect(setting.answer('early')).to.equal(undefined)
    await setting.run(300)
    expect(setting.answer('early')?.says).to.equal(6)
    const both = setting.asker.answers.find(({ id }) => id === 'early')
    const joined = both?.type === 'peer-store.peers' ? both.peers.find(({ peer }) => peer.equals(peerOf(1))) : undefined
    expect(joined?.addresses.map(({ address }) => address.toString())).to.deep.equal([host(100), host(1)].map(String))
  }))

  it('goes on in memory when the disk is full, says so once, and writes all of it later', inWorlds(5, async stage => {
    const setting = new Setting(stage)
    await setting.run(10)
    setting.disk.fate = 'fails'
    setting.merge(1)
    setting.ask('peer-store.flush', 'full')
    await setting.run(50)
    expect(setting.answer('full')?.says).to.equal('store/write-failed')
    for (let n = 2; n <= 50; n++) {
      setting.merge(n)
      await setting.run(200)
    }
    expect(setting.failures).to.deep.equal(['store/write-failed'])
    // Later and later: 0.1, 0.2, ... s: far fewer attempts than changes.
    expect(setting.disk.commits).to.be.within(4, 9)
    setting.ask('peer-store.all', 'all')
    await setting.run(1)
    expect(setting.answer('all')?.says).to.equal(50)
    setting.disk.fate = 'works'
    setting.ask('peer-store.flush', 'empty')
    await setting.run(50)
    expect([setting.answer('empty')?.says, setting.disk.entries.size]).to.deep.equal(['flushed', 50])
    setting.disk.fate = 'fails'
    setting.merge(51)
    await setting.run(1100)
    expect(setting.failures).to.have.length(2)
  }))

  it('gives up a datastore that hangs by its deadline, and never lets an old write land on a new one', inWorlds(5, async stage => {
    const setting = new Setting(stage)
    await setting.run(10)
    setting.disk.fate = 'hangs'
    setting.merge(1)
    setting.ask('peer-store.flush', 'a')
    await setting.run(510)
    expect(setting.answer('a')?.says).to.equal('store/timeout')
    for (let n = 2; n < 100; n++) {
      setting.merge(n)
      await setting.run(1000)
    }
    expect(setting.disk.mostBusy).to.equal(1)
    setting.disk.fate = 'works'
    setting.disk.letGo()
    await setting.run(70_000)
    setting.ask('peer-store.flush', 'b')
    await setting.run(100)
    expect([setting.answer('b')?.says, setting.disk.entries.size, setting.failures]).to.deep.equal(['flushed', 99, ['store/timeout']])
  }))

  it('starts without a datastore that cannot be read, and takes it in when it can', inWorlds(5, async stage => {
    const before = new Setting(stage)
    await before.run(10)
    before.merge(1)
    before.ask('peer-store.flush', 'f')
    await before.run(20)
    before.disk.fate = 'fails'
    const setting = new Setting(stage, {}, before.disk)
    setting.merge(2)
    setting.ask('peer-store.all', 'early')
    setting.ask('peer-store.flush', 'no')
    await setting.run(50)
    expect([setting.answer('early')?.says, setting.answer('no')?.says, setting.failures]).to.deep.equal([1, 'store/open-failed', ['store/open-failed']])
    setting.disk.fate = 'works'
    await setting.run(3000)
    setting.ask('peer-store.all', 'late')
    await setting.run(10)
    expect([setting.answer('late')?.says, setting.disk.entries.size]).to.deep.equal([2, 2])
  }))

  it('leaves out what is damaged, and says so', inWorlds(3, async stage => {
    const before = new Setting(stage)
    await before.run(10)
    for (let n = 1; n <= 5; n++) before.merge(n)
    before.ask('peer-store.flush', 'f')
    await before.run(20)
    const [one = '', two = ''] = before.disk.entries.keys()
    before.disk.entries.set(one, Uint8Array.of(1, 2, 3))
    before.disk.entries.set(two, before.disk.entries.get(two)!.slice(0, 20))
    const setting = new Setting(stage, {}, before.disk)
    setting.ask('peer-store.all', 'all')
    await setting.run(20)
    expect([setting.answer('all')?.says, setting.failures]).to.deep.equal([3, ['store/damaged']])
  }))

  it('reads the datastore again after a crash, who is connected too', inWorlds(10, async stage => {
    const setting = new Setting(stage, { connected: () => [peerOf(2)], limits: { peers: 2 } })
    await setting.run(10)
    setting.merge(1)
    setting.merge(2)
    setting.ask('peer-store.flush', 'f')
    await setting.run(20)
    setting.merge(3)
    setting.crash()
    await setting.run(20)
    setting.ask('peer-store.all', 'all')
    await setting.run(20)
    // The third was not written yet: that is what a crash costs.
    expect([setting.answer('all')?.says, setting.disk.queries]).to.deep.equal([2, 2])
    setting.merge(4)
    setting.merge(5)
    setting.store.tell({ type: 'peer-store.get', id: 'held', peer: peerOf(2), replyTo: setting.asker.ref })
    await setting.run(1)
    expect(setting.answer('held')?.says).to.not.equal(undefined)
  }))

  it('writes all of it before it stops, also what waits in its mailbox', inWorlds(10, async stage => {
    const setting = new Setting(stage)
    await setting.run(10)
    for (let n = 1; n <= 10; n++) setting.merge(n)
    stage.system.root.stop(cellOf(stage.system.root).child(setting.store.path.split('/').at(-1)!)!)
    await setting.run(100)
    expect([setting.store.alive, setting.disk.entries.size]).to.deep.equal([false, 10])
  }))

  it('stops though the datastore does not work', inWorlds(5, async stage => {
    for (const fate of ['fails', 'hangs'] as const) {
      const setting = new Setting(stage)
      await setting.run(10)
      setting.disk.fate = fate
      setting.merge(1)
      stage.system.root.stop(cellOf(stage.system.root).child(setting.store.path.split('/').at(-1)!)!)
      await setting.run(1000)
      expect(setting.store.alive, fate).to.equal(false)
      setting.disk.letGo()
    }
  }))

  it('lets nobody make it write more than so many peers in a while', inWorlds(1, async stage => {
    const setting = new Setting(stage)
    await setting.run(10)
    for (let n = 1; n <= 3000; n++) {
      setting.merge(n)
      if (n % 500 === 0) await setting.run(1)
    }
    await setting.run(1010)
    expect(setting.disk.entries.size).to.equal(1024)
    await setting.run(3000)
    expect(setting.disk.entries.size).to.equal(3000)
  }))
})
