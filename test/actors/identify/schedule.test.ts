import { expect } from 'chai'
import { Schedule } from '../../../src/actors/identify/schedule.core.js'

const limits = { exchanges: 2, queued: 3, pushes: 2 }
const push = ['/ipfs/id/push/1.0.0']

/** A connection is its path here. */
function open (schedule: Schedule<string>, ...paths: readonly string[]): boolean[] {
  return paths.map(path => schedule.opened(path, path))
}

/** All that may begin now. */
function begun (schedule: Schedule<string>): string[] {
  const all: string[] = []
  for (let next = schedule.next(); next !== undefined; next = schedule.next()) all.push(`${next.kind} ${next.connection}`)
  return all
}

/** So many connections whose peers are known. */
function identified (count: number, protocols = push): Schedule<string> {
  const schedule = new Schedule<string>({ ...limits, exchanges: 1000, queued: 1000 })
  for (let n = 1; n <= count; n++) {
    open(schedule, `${n}`)
    schedule.next()
    schedule.ended('identify', `${n}`)
    schedule.identified(`${n}`, protocols)
  }
  return schedule
}

describe('identify, who is asked when', () => {
  it('is in order of arrival, so many at a time', () => {
    const schedule = new Schedule<string>(limits)
    open(schedule, 'a', 'b', 'c')
    expect(begun(schedule)).to.deep.equal(['identify a', 'identify b'])
    schedule.ended('identify', 'b')
    expect(begun(schedule)).to.deep.equal(['identify c'])
  })

  it('is nobody twice', () => {
    const schedule = new Schedule<string>(limits)
    expect(open(schedule, 'a', 'a')).to.deep.equal([true, true])
    expect(begun(schedule)).to.deep.equal(['identify a'])
  })

  it('is nobody beyond the queue', () => {
    const schedule = new Schedule<string>(limits)
    expect(open(schedule, 'a', 'b', 'c', 'd')).to.deep.equal([true, true, true, false])
    expect(schedule.counts).to.deep.equal({ connections: 4, waiting: 3, running: 0, pushing: 0 })
  })

  it('is nobody who has gone', () => {
    const schedule = new Schedule<string>(limits)
    open(schedule, 'a', 'b')
    schedule.closed('a')
    expect(begun(schedule)).to.deep.equal(['identify b'])
    schedule.closed('b')
    schedule.ended('identify', 'b')
    expect(schedule.counts).to.deep.equal({ connections: 0, waiting: 0, running: 0, pushing: 0 })
  })
})

describe('identify, who is told our news when', () => {
  it('is who speaks push, so many at a time', () => {
    const schedule = identified(3)
    schedule.news()
    expect(begun(schedule)).to.deep.equal(['push 1', 'push 2'])
    schedule.ended('push', '1')
    expect(begun(schedule)).to.deep.equal(['push 3'])
    schedule.ended('push', '2')
    schedule.ended('push', '3')
    expect(begun(schedule)).to.deep.equal([])
  })

  it('is nobody who does not speak it, nor any more', () => {
    const schedule = identified(2, ['/chat'])
    schedule.news()
    expect(begun(schedule)).to.deep.equal([])
    const other = identified(1)
    other.news()
    other.identified('1', ['/chat'])
    expect(begun(other)).to.deep.equal([])
  })

  it('is who has asked us before the news, though we learn only later that it speaks push', () => {
    const schedule = new Schedule<string>(limits)
    open(schedule, 'a')
    schedule.news()
    open(schedule, 'b')
    expect(begun(schedule)).to.deep.equal(['identify a', 'identify b'])
    schedule.identified('a', push)
    schedule.identified('b', push)
    expect(begun(schedule)).to.deep.equal(['push a'])
  })

  it('is once for several news, and once more for those that came meanwhile', () => {
    const schedule = identified(1)
    schedule.news()
    schedule.news()
    expect(begun(schedule)).to.deep.equal(['push 1'])
    schedule.news()
    expect(begun(schedule)).to.deep.equal([])
    schedule.ended('push', '1')
    expect(begun(schedule)).to.deep.equal(['push 1'])
    schedule.ended('push', '1')
    expect(begun(schedule)).to.deep.equal([])
  })

  it('is nobody who has gone', () => {
    const schedule = identified(1)
    schedule.news()
    schedule.closed('1')
    schedule.identified('1', push)
    expect(begun(schedule)).to.deep.equal([])
  })
})
