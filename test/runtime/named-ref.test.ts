/** Refs to places. */
import { expect } from 'chai'
import { cellOf, crash, deadLetters, Handle, inWorld, puppet as behavior, type Note } from './kit.js'

const supervised = behavior({ supervision: { strategy: 'one-for-one', backoff: { firstMs: 100, jitter: 0 } } })

describe('named refs', () => {
  it('find whoever lives there when the message comes', inWorld(async ({ system, puppet, settle }) => {
    const log: string[] = []
    const there = system.named<Note>('/system/there')
    expect(there.path).to.equal('/system/there')
    expect(there.alive).to.equal(false)
    expect(there.tell({ type: 'early' })).to.equal(false)
    puppet({ log }, { name: 'there' })
    expect(there.alive).to.equal(true)
    expect(there.tell({ type: 'a' })).to.equal(true)
    await settle()
    expect(log).to.deep.equal(['a'])
  }))

  it('survive a restart, unlike a ref from spawn', inWorld(async ({ system, puppet, settle }) => {
    const log: string[] = []
    const boss = puppet({}, { behavior: supervised, name: 'boss' })
    await settle()
    const first = cellOf(boss).spawn(behavior(), { input: { log }, name: 'child', restart: 'permanent' })
    const there = system.named<Note>('/system/boss/child')
    there.tell(crash())
    await settle()
    expect(first.alive).to.equal(false)
    expect(there.alive).to.equal(true)
    expect(first.tell({ type: 'old' })).to.equal(false)
    expect(there.tell({ type: 'new' })).to.equal(true)
    await settle()
    expect(log).to.deep.equal(['crash', 'new'])
  }))

  it('park nothing for one that is down: tell says false', inWorld(async ({ system, puppet, run }) => {
    const log: string[] = []
    const handle = new Handle()
    const boss = puppet({}, { behavior: supervised, name: 'boss' })
    await run(1)
    cellOf(boss).spawn(behavior(), { input: { log }, name: 'child', restart: 'permanent' })
    const there = system.named<Note>('/system/boss/child')
    // The first restart is immediate, the second backs off.
    there.tell(crash())
    await run(1)
    there.tell(crash())
    await run(1)
    expect(there.alive).to.equal(false)
    expect(there.tell({ type: 'lost', handle })).to.equal(false)
    expect(handle.disposed).to.equal(1)
    expect(deadLetters(system)).to.deep.equal(['lost down'])
    await run(200)
    expect(there.alive).to.equal(true)
    expect(log).to.deep.equal(['crash', 'crash'])
  }))

  it('watch the one that lives there now; the next is watched anew', inWorld(async ({ system, puppet, tell, settle }) => {
    const log: string[] = []
    const boss = puppet({}, { behavior: supervised, name: 'boss' })
    await settle()
    cellOf(boss).spawn(behavior(), { input: {}, name: 'child', restart: 'permanent' })
    const there = system.named<Note>('/system/boss/child')
    tell(puppet({ log }), actor => { actor.watch(there, ({ exit }) => ({ type: exit.kind })) })
    await settle()
    there.tell(crash())
    await settle()
    there.tell(crash())
    await settle()
    expect(log).to.deep.equal(['act', 'crashed'])
  }))

  it('find unnamed actors by their number', inWorld(async ({ system, puppet, settle }) => {
    const log: string[] = []
    const parent = puppet({}, { name: 'parent' })
    puppet({}, { of: parent })
    puppet({ log }, { of: parent })
    system.named<Note>('/system/parent/2').tell({ type: 'a' })
    await settle()
    expect(log).to.deep.equal(['a'])
    for (const path of ['/system/parent/3', '/system/parent/02', '/system/parent/', '/system/parent/2/1', '/other/parent', 'system/parent', '', '/', '/system/parent/__proto__']) {
      expect(system.find(path), path).to.equal(null)
    }
    expect(system.find('/system')).to.equal(system.root)
  }))

  it('do not take an actor that is ending for its successor', inWorld(async ({ system, puppet, settle }) => {
    const slow = behavior({ stopMessage: () => ({ type: 'stop', run: actor => { actor.timer('t', 50, { type: 'over', done: undefined }) } }) })
    const parent = puppet({}, { name: 'there' })
    puppet({}, { of: parent, behavior: slow })
    await settle()
    parent.tell({ type: 'end', done: undefined })
    const there = system.named<Note>('/system/there')
    expect(there.alive).to.equal(true)
    cellOf(parent).run(1)
    expect(there.alive).to.equal(false)
    expect(there.tell({ type: 'late' })).to.equal(false)
    await settle()
    puppet({}, { name: 'there' })
    expect(there.alive).to.equal(true)
  }))

  it('list what lives at a place', inWorld(async ({ system, puppet, settle }) => {
    const parent = puppet({}, { name: 'parent' })
    const child = puppet({}, { of: parent })
    puppet({}, { of: parent, name: 'named' })
    await settle()
    expect(system.list('/system/parent')).to.deep.equal([
      { ref: child, path: '/system/parent/1', name: '1', behavior: 'puppet', status: 'running' },
      { ref: cellOf(parent).child('named'), path: '/system/parent/named', name: 'named', behavior: 'puppet', status: 'running' }
    ])
    expect(system.list('/system/nobody')).to.deep.equal([])
    expect(system.list('/system/parent/1')).to.deep.equal([])
  }))
})
