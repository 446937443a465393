import { Account } from '../account.js'
import type { ActorContext } from '../context.js'
import { SeededRandom } from '../random.js'
import { SilentRef } from './capsule-values.js'

const nothing = { [Symbol.dispose]: () => {} }

/** An actor in whose place effects are done again: whatever they do to the world is not done. */
export function standIn (path: string, atMs: number): ActorContext {
  const ref = (of: string) => new SilentRef(of) as unknown as ActorContext['self']
  let children = 0
  const context: ActorContext = {
    self: ref(path),
    path,
    account: new Account(path, null, undefined),
    random: new SeededRandom(0),
    now: () => atMs,
    spawn: (_behavior, { name = String(++children) }) => ref(`${path}/${name}`),
    child: name => ref(`${path}/${name}`),
    stop: () => {},
    kill: () => {},
    done: () => {},
    timer: () => {},
    cancelTimer: () => false,
    task: () => ({ cancel: () => {} }),
    ask: () => {},
    watch: () => {},
    unwatch: () => {},
    own: resource => resource,
    disown: () => false,
    release: () => {},
    take: handle => handle,
    io: fn => fn,
    enter: () => {},
    defer: () => {},
    alarm: () => nothing,
    settle: null,
    emit: () => {},
    named: of => ref(of),
    list: () => [],
    log: () => {}
  }
  return context
}
