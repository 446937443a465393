import type { Cell } from './cell.js'
import { ActorError } from './errors.js'
import { oneOf, withOne, withoutOne, type Few } from './few.js'

/**
 * The living children of one actor, oldest first: a list through the children themselves, so that the hundred-thousandth
 * comes and goes as quickly as the first. Only actors that have had a child have one of these.
 */
export class Children {
  first: Cell | null = null
  private last: Cell | null = null
  count = 0
  /** The next child without a name gets this number. Numbers are never used again. */
  nextNumber = 1
  private names: Few<string | number, Cell> = null

  /** @throws ActorError `actor/name-taken` when a child of that name lives */
  mustBeFree (name: string, parent: Cell): void {
    if (oneOf(this.names, name, keyOf) !== undefined) throw new ActorError('actor/name-taken', `${parent.path}/${name}`, 'the name is taken')
  }

  add (child: Cell): void {
    const { last } = this
    child.previous = last
    if (last === null) this.first = child
    else last.next = child
    this.last = child
    this.count++
    if (typeof child.key === 'string') this.names = withOne(this.names, child, keyOf)
    else this.nextNumber = child.key + 1
  }

  remove (child: Cell): void {
    const { previous, next } = child
    if (previous === null) this.first = next
    else previous.next = next
    if (next === null) this.last = previous
    else next.previous = previous
    child.previous = null
    child.next = null
    this.count--
    if (typeof child.key === 'string') this.names = withoutOne(this.names, child, keyOf)
  }

  /** By name, or by number as text. A number takes a walk along the list: for people, not for hot paths. */
  find (name: string): Cell | undefined {
    if (!wholeNumber.test(name)) return oneOf(this.names, name, keyOf)
    const number = Number(name)
    for (let child = this.first; child !== null; child = child.next) if (child.key === number) return child
    return undefined
  }

  /** Youngest first: the order in which they are stopped. */
  forEachFromLast (act: (child: Cell) => void): void {
    for (let child = this.last; child !== null; child = child.previous) act(child)
  }
}

const keyOf = (child: Cell): string | number => child.key
const wholeNumber = /^[1-9]\d*$/
