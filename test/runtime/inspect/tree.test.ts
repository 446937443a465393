import { expect } from 'chai'
import { supervisor } from '../../../src/runtime/behavior/supervisor.js'
import type { Cell } from '../../../src/runtime/cell.js'
import { renderTree } from '../../../src/runtime/inspect/render-tree.js'
import type { TreeNode } from '../../../src/runtime/inspect/tree.js'
import { add, boss, breakDown, counter, inCompany, permanent } from './company.js'

const shop = supervisor('floor', { strategy: 'one-for-one', children: [permanent('till'), permanent('scales', counter(), 7)] })

function at (tree: TreeNode, ...names: readonly string[]): TreeNode {
  return names.reduce((node, name) => node.children.find(child => child.name === name)!, tree)
}

describe('tree', () => {
  it('shows each actor with kind, status, described state and mailbox', inCompany(async ({ system, world }) => {
    const guest = system.spawn(counter({ name: 'guest' }), { input: 3 })
    await world.run(1)
    guest.tell(add(1))
    guest.tell(add(1))
    expect(system.inspect.tree()).to.deep.equal({
      name: 'shop',
      path: '/shop',
      behavior: 'floor',
      status: 'running',
      state: null,
      mailbox: 0,
      strategy: 'one-for-one',
      children: [
        { name: 'till', path: '/shop/till', behavior: 'counter', status: 'running', state: { count: 0 }, mailbox: 0, restart: 'permanent', starts: 1, children: [] },
        { name: 'scales', path: '/shop/scales', behavior: 'counter', status: 'running', state: { count: 7 }, mailbox: 0, restart: 'permanent', starts: 1, children: [] },
        { name: '1', path: '/shop/1', behavior: 'guest', status: 'running', state: { count: 3 }, mailbox: 2, children: [] }
      ]
    })
  }, { root: shop }))

  it('begins where one says', inCompany(async ({ system, world }) => {
    system.spawn(boss('dealer', { strategy: 'dynamic' }), { input: 0, name: 'dealer' })
    await world.run(1)
    const tree = system.inspect.tree('/shop/dealer')
    expect(tree).to.include({ name: 'dealer', path: '/shop/dealer', strategy: 'dynamic' })
    expect(system.inspect.tree('/shop/nobody')).to.equal(undefined)
    expect(system.inspect.tree('/elsewhere')).to.equal(undefined)
  }))

  it('shows the input of nobody: one that has not started has no state yet', inCompany(async ({ system }) => {
    system.spawn(counter(), { input: 12, name: 'late' })
    expect(at(system.inspect.tree(), 'late')).to.include({ status: 'starting', state: null })
  }))

  it('shows the place of a child that waits to be started again', inCompany(async ({ system, world, tell }) => {
    for (let time = 0; time < 2; time++) {
      tell('/shop/till', breakDown)
      await world.run(1)
    }
    const till = at(system.inspect.tree(), 'till')
    expect(till).to.include({ name: 'till', path: '/shop/till', behavior: 'counter', status: 'backing-off', state: null, restart: 'permanent', starts: 2 })
    expect(till.retryInMs).to.be.within(790, 1200)
    expect(system.inspect.tree('/shop/till')).to.deep.equal(till)
    // Its place is the first, dead or alive.
    expect(system.inspect.tree().children.map(({ name }) => name)).to.deep.equal(['till', 'scales'])
  }, { root: shop }))

  it('tells a suspended child from one that backs off', inCompany(async ({ system, world, tell }) => {
    for (let time = 0; time <= 2; time++) {
      tell('/shop/till', breakDown)
      await world.run(5)
    }
    expect(at(system.inspect.tree(), 'till')).to.include({ status: 'suspended', starts: 3 })
    expect(renderTree(system.inspect.tree())).to.match(/├─ till counter suspended, 3 starts, again in [\d,]+ ms\n/)
  }, { root: supervisor('floor', { strategy: 'one-for-one', children: [permanent('till'), permanent('scales')], intensity: { restarts: 2 }, backoff: { firstMs: 1 } }) }))

  it('survives an actor that describes itself badly', inCompany(async ({ system, world }) => {
    system.spawn(counter({ name: 'shy', ...{ describe: () => { throw new Error('no') } } }), { input: 0, name: 'shy' })
    await world.run(1)
    expect(at(system.inspect.tree(), 'shy').state).to.equal('<describe threw>')
  }))

  it('is no deeper in the stack than it is wide', inCompany(async ({ system, world }) => {
    const behavior = counter()
    for (let parent = system.root, depth = 0; depth < 2000; depth++) parent = parent.spawn(behavior, { input: depth, name: 'a' }) as unknown as Cell
    await world.run(100)
    let depth = 0
    for (let node = system.inspect.tree(); node.children.length > 0; node = node.children[0]!) depth++
    expect(depth).to.equal(2000)
    expect(renderTree(system.inspect.tree()).split('\n')).to.have.length(2001)
  }))

  it('names the argument that is no path', inCompany(async ({ system }) => {
    for (const path of ['', '/', 'shop', '/shop/', '/shop//till', '/a b', 7, null]) {
      expect(() => system.inspect.tree(path as string), String(path)).to.throw(TypeError, 'path: must be a path')
    }
  }))

  it('still shows the root when the system has ended', inCompany(async ({ system, world }) => {
    await world.until(system.stop())
    expect(system.inspect.tree()).to.include({ name: 'shop', status: 'down' }).and.to.have.property('children').that.is.empty
  }))
})

describe('renderTree', () => {
  const leaf = (name: string, more: Partial<TreeNode> = {}): TreeNode => ({ name, path: `/${name}`, behavior: 'counter', status: 'running', state: null, mailbox: 0, children: [], ...more })

  it('writes one line an actor', () => {
    const tree = leaf('node', {
      behavior: 'floor',
      strategy: 'one-for-one',
      children: [
        leaf('dialer', { behavior: 'dialer', state: '3 dials' }),
        leaf('relay', { behavior: 'relay', status: 'suspended', starts: 6, retryInMs: 59_000.4 }),
        leaf('connections', { behavior: 'connections', strategy: 'dynamic', children: [
          leaf('17', { behavior: 'connection', state: 'open' }),
          leaf('18', { behavior: 'connection', state: { open: { reading: true } }, status: 'stopping', mailbox: 1200 })
        ] })
      ]
    })
    expect(renderTree(tree)).to.equal([
      'node floor (one-for-one)',
      '├─ dialer 3 dials',
      '├─ relay suspended, 6 starts, again in 59,000 ms',
      '└─ connections (dynamic)',
      '   ├─ 17 connection open',
      '   └─ 18 connection {"open":{"reading":true}}, stopping, 1,200 waiting'
    ].join('\n'))
  })

  it('counts the children beyond the limit', () => {
    const crowd = leaf('connections', { behavior: 'connections', children: Array.from({ length: 10_000 }, (_, i) => leaf(String(i + 1))) })
    const lines = renderTree(crowd).split('\n')
    expect(lines).to.have.length(22)
    expect(lines.at(-2)).to.equal('├─ 20 counter')
    expect(lines.at(-1)).to.equal('└─ ... and 9,980 more')
    expect(renderTree(crowd, { children: 0 })).to.equal('connections\n└─ ... and 10,000 more')
  })

  it('cuts a long state', () => {
    expect(renderTree(leaf('a', { state: 'x'.repeat(100) }))).to.equal(`a counter ${'x'.repeat(60)}...`)
  })

  it('refuses options that it does not know', () => {
    expect(() => renderTree(leaf('a'), { childs: 1 } as never)).to.throw(TypeError, "'childs'")
    expect(() => renderTree(leaf('a'), { children: -1 })).to.throw(RangeError, "'children'")
  })
})
