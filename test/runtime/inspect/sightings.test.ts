import { expect } from 'chai'
import { supervisor } from '../../../src/runtime/behavior/supervisor.js'
import type { Sighting } from '../../../src/runtime/inspect/sightings.js'
import type { System } from '../../../src/runtime/system.js'
import { add, breakDown, counter, inCompany, look, permanent } from './company.js'

const shop = supervisor('floor', { strategy: 'one-for-one', children: [permanent('till')] })

/** What is seen at a path, in a list that grows: the status, then the described state, the message and the end. */
function sightingsOf (system: System, path: string): Array<readonly unknown[]> {
  const seen: Array<readonly unknown[]> = []
  const next = ({ status, state, message, exit }: Sighting): void => { seen.push([status, state, message, exit?.kind].filter(part => part != null)) }
  system.inspect.watch(path).subscribe({ next, complete: () => { seen.push(['complete']) } })
  return seen
}

describe('watch', () => {
  it('shows what is there, then each change of the described state, then the end', inCompany(async ({ system, world, tell }) => {
    system.spawn(counter(), { input: 5, name: 'till' })
    await world.run(1)
    const seen = sightingsOf(system, '/shop/till')
    expect(seen).to.deep.equal([['running', { count: 5 }]])
    tell('/shop/till', add(1))
    tell('/shop/till', look)
    tell('/shop/till', add(0))
    tell('/shop/till', add(-6))
    await world.run(1)
    tell('/shop/till', breakDown)
    await world.run(1)
    expect(seen.slice(1)).to.deep.equal([
      ['running', { count: 6 }, 'counter.add'],
      ['running', { count: 0 }, 'counter.add'],
      ['down', 'crashed']
    ])
  }))

  it('looks at what is described, not at the state itself', inCompany(async ({ system, world, tell }) => {
    const parity = counter({ name: 'parity', ...{ describe: (state: { count: number }) => state.count % 2 === 0 ? 'even' : 'odd' } })
    system.spawn(parity, { input: 0, name: 'parity' })
    await world.run(1)
    const seen = sightingsOf(system, '/shop/parity')
    for (const n of [2, 2, 1, 2, 1]) tell('/shop/parity', add(n))
    await world.run(1)
    expect(seen).to.deep.equal([['running', 'even'], ['running', 'odd', 'counter.add'], ['running', 'even', 'counter.add']])
  }))

  it('survives restarts of the place', inCompany(async ({ system, world, tell }) => {
    const seen = sightingsOf(system, '/shop/till')
    for (let time = 0; time < 2; time++) {
      tell('/shop/till', add(1))
      tell('/shop/till', breakDown)
      await world.run(5)
    }
    await world.run(2000)
    expect(seen).to.deep.equal([
      ['running', { count: 0 }], ['running', { count: 1 }, 'counter.add'], ['down', 'crashed'],
      ['running', { count: 0 }], ['running', { count: 1 }, 'counter.add'], ['down', 'crashed'],
      ['running', { count: 0 }]
    ])
    const late = sightingsOf(system, '/shop/till')
    expect(late).to.deep.equal([['running', { count: 0 }]])
  }, { root: shop }))

  it('waits at an empty place, and says what became of the last who lived there', inCompany(async ({ system, world, tell }) => {
    const early = sightingsOf(system, '/shop/till')
    expect(early).to.deep.equal([['down']])
    system.spawn(counter(), { input: 1, name: 'till' })
    system.spawn(counter(), { input: 2, name: 'other' })
    await world.run(1)
    tell('/shop/till', breakDown)
    tell('/shop/other', add(1))
    await world.run(1)
    expect(early).to.deep.equal([['down'], ['running', { count: 1 }], ['down', 'crashed']])
    expect(sightingsOf(system, '/shop/till')).to.deep.equal([['down', 'crashed']])
    system.spawn(counter(), { input: NaN, name: 'till' })
    await world.run(1)
    expect(early.slice(3)).to.deep.equal([['down', 'start-failed']])
  }))

  it('tells that a place is waiting for its restart', inCompany(async ({ system, world, tell }) => {
    for (let time = 0; time < 2; time++) {
      tell('/shop/till', breakDown)
      await world.run(1)
    }
    expect(sightingsOf(system, '/shop/till')).to.deep.equal([['backing-off', 'crashed']])
  }, { root: shop }))

  it('sees one that has not started', inCompany(async ({ system, world }) => {
    system.spawn(counter(), { input: 3, name: 'new' })
    const seen = sightingsOf(system, '/shop/new')
    await world.run(1)
    expect(seen).to.deep.equal([['starting'], ['running', { count: 3 }]])
  }))

  it('completes when the system ends', inCompany(async ({ system, world }) => {
    const seen = sightingsOf(system, '/shop/till')
    await world.until(system.stop())
    expect(seen).to.deep.equal([['running', { count: 0 }], ['down', 'stopped'], ['complete']])
    expect(sightingsOf(system, '/shop/till')).to.deep.equal([['down', 'stopped'], ['complete']])
  }, { root: shop }))

  it('tells when and who', inCompany(async ({ system, world }) => {
    await world.run(10)
    const sightings: Sighting[] = []
    system.inspect.watch('/shop/till').subscribe(sighting => { sightings.push(sighting) })
    expect(sightings).to.deep.equal([{ path: '/shop/till', atMs: world.now(), status: 'running', behavior: 'counter', state: { count: 0 } }])
  }, { root: shop }))

  it('names the argument that is no path', inCompany(async ({ system }) => {
    expect(() => system.inspect.watch('till')).to.throw(TypeError, 'path')
  }))
})
