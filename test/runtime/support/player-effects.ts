/** What players do to the world: the effect handlers that all three kinds share. */
import type { AskAnswers, ActorContext, TaskAnswers } from '../../../src/runtime/context.js'
import type { LinkFailure, RawLink } from '../../../src/runtime/io/raw-link.js'
import type { TaskScope } from '../../../src/runtime/task.js'
import type { CountedHandle } from './counted-handle.js'
import type { Life } from './life.js'
import { Struck } from './plan.js'
import type { Answer, PlayerMessage } from './player-messages.js'
import { cancelled, farAwayMs, type Action } from './player-spec.js'
import type { Run } from './run.js'

export interface PlayerEffects {
  /** Of the start. */
  begin: Life
  /** Of each message. */
  perform: { readonly life: Life, readonly message: PlayerMessage }
  /** Of each message too, noted last. */
  afterwards: Life
}

type Actor = ActorContext<PlayerMessage>

export const playerHandlers = {
  begin (actor: Actor, life: Life): void {
    const { spec, run } = life
    life.actor = actor
    for (let i = 0; i < spec.keeps; i++) life.own(run.handles.make(`${spec.path} keeps`, () => { life.visit('disposer') }))
    if (spec.listensOn !== null) life.own(run.listen(spec.listensOn, spec.path, actor.io(() => { poked(life) })))
    if (spec.serves) life.own(serve(actor, life))
    life.visit('start')
    spec.script.forEach(({ atMs }, n) => { actor.timer(`cue ${n}`, atMs, { type: 'p.cue', n }) })
    if (spec.waits) actor.timer('rest', farAwayMs, { type: 'p.later', n: -1 })
  },

  perform (actor: Actor, { life, message }: PlayerEffects['perform']): void {
    life.performs()
    life.visit('effect')
    if (life.halted) return
    respond(actor, life, message)
    life.visit('effect')
  },

  afterwards (_actor: Actor, life: Life): void {
    life.performs()
  }
}

function respond (actor: Actor, life: Life, message: PlayerMessage): void {
  switch (message.type) {
    case 'p.cue': return act(actor, life, life.spec.script[message.n]!.action, message.n)
    case 'p.later': return life.due(message.n)
    case 'p.beat': return life.beat()
    case 'p.work': return work(actor, life, message.n, message.handle)
    case 'p.ask': return answer(life, message)
    case 'p.answered': case 'p.result': if (message.handle !== undefined) life.borrow(message.handle)
      return
    case 'p.gone': return life.heardOf(message.n)
    default:
  }
}

function act (actor: Actor, life: Life, action: Action, n: number): void {
  const { run, spec } = life
  switch (action.do) {
    case 'tell': {
      const to = actor.named<PlayerMessage>(action.to)
      to.tell({ type: 'p.work', n: 0 })
      for (let i = 0; i < action.handles; i++) {
        if (to.tell({ type: 'p.work', n: 3, handle: run.handles.make(`${spec.path} to ${action.to}`) })) run.sentHandle(action.to)
      }
      return
    }
    case 'ask': {
      const answers: AskAnswers<Answer, PlayerMessage> = {
        done: reply => {
          life.visit('mapper')
          return reply
        },
        failed: () => ({ type: 'p.unanswered', n }),
        timeoutMs: action.withinMs
      }
      for (let i = 0; i < action.times; i++) {
        actor.ask<Answer, PlayerMessage>(actor.named<PlayerMessage>(action.to), replyTo => ({ type: 'p.ask', n, from: spec.path, replyTo }), answers)
      }
      return
    }
    case 'sleep': return task(actor, life, n, async scope => {
      await scope.sleep(action.ms)
      if (action.fails) throw new Error('as it was told to')
      return undefined
    })
    case 'fetch':
      for (let i = 0; i < action.times; i++) {
        task(actor, life, n, async scope => {
          await scope.sleep(action.ms)
          return run.handles.make(`${spec.path} fetched`)
        })
      }
      return
    case 'cancel': {
      const handle = actor.task(async scope => { await scope.sleep(farAwayMs) }, { failed: () => ({ type: 'p.later', n: cancelled }) })
      return life.later(action.afterMs, () => { handle.cancel() })
    }
    case 'gather': return task(actor, life, n, async scope => {
      await Promise.all(action.ms.map(async ms => {
        await scope.sleep(ms)
        await scope.sleep(ms / 2)
      }))
      return undefined
    })
    case 'hang':
      actor.task(scope => hanging(scope, action.how, run), {})
      return
    case 'beat': return life.startBeat(action.everyMs, action.rounds)
    case 'retime':
      actor.timer('retimed', action.ms * 2, { type: 'p.later', n: -1 })
      actor.timer('retimed', action.ms, { type: 'p.later', n: -1 })
      actor.timer('dropped', action.ms, { type: 'p.later', n: cancelled })
      life.later(action.ms / 2, () => { actor.cancelTimer('dropped') })
      return
    case 'watch': return life.watch(action.target, n, 0)
    case 'emit': return run.emit(action.bus)
    case 'connect': return connect(actor, life, action.to, action.forMs)
    case 'spawn': {
      const { player } = action
      const ref = actor.spawn(player.behavior!, { input: run.casting(player), restart: player.supervised ? player.restart : 'temporary', ...(player.numbered ? {} : { name: player.name }) })
      if (ref.path !== player.path) run.complain(`${player.path} was spawned as ${ref.path}`)
      return
    }
    case 'stop': case 'kill':
      run.endedByPlayer(spec.path, action.target)
      return action.do === 'stop' ? actor.stop(actor.named(action.target)) : actor.kill(actor.named(action.target))
    case 'done':
      // The step does it.
  }
}

/** Awaited work that can be hit when it ends, and in the mapper of its result. */
function task (actor: Actor, life: Life, n: number, body: (scope: TaskScope) => Promise<CountedHandle | undefined>): void {
  const answers: TaskAnswers<CountedHandle | undefined, PlayerMessage> = {
    done: handle => {
      life.visit('mapper')
      return handle === undefined ? { type: 'p.result', n } : { type: 'p.result', n, handle }
    },
    failed: error => {
      if (error instanceof Struck) throw error
      return { type: 'p.failure', n }
    }
  }
  actor.task(async scope => {
    const handle = await body(scope)
    try {
      life.visit('task')
    } catch (error) {
      handle?.[Symbol.dispose]()
      throw error
    }
    if (handle !== undefined && actor.self.alive) life.run.sentHandle(life.spec.path)
    return handle
  }, answers)
}

async function hanging (scope: TaskScope, how: 'heedful' | 'heedless' | 'sleeping', run: Run): Promise<void> {
  if (how === 'sleeping') return scope.sleep(farAwayMs)
  const { signal } = scope
  return new Promise((resolve, reject) => {
    if (how === 'heedless') run.lettingGo.push(resolve)
    if (how === 'heedful') signal.addEventListener('abort', () => { reject(signal.reason as Error) }, { once: true })
  })
}

function work (actor: Actor, life: Life, n: number, handle: CountedHandle | undefined): void {
  if (handle === undefined) return
  const { spec } = life
  switch (spec.onHandle) {
    case 'pass':
      if (spec.passesTo === null || n === 0) life.borrow(handle)
      else actor.named<PlayerMessage>(spec.passesTo).tell({ type: 'p.work', n: n - 1, handle })
      return
    case 'into-task':
      actor.take(handle)
      return task(actor, life, n, async scope => {
        try {
          await scope.sleep(4)
        } catch (error) {
          handle[Symbol.dispose]()
          throw error
        }
        return handle
      })
    case 'ignore': return
    case 'own': return life.borrow(handle)
  }
}

function answer (life: Life, { n, from, replyTo }: Extract<PlayerMessage, { type: 'p.ask' }>): void {
  const { run, spec } = life
  const replyWithHandle = (): void => {
    if (replyTo.tell({ type: 'p.answered', n, handle: run.handles.make(`${spec.path} answers`) })) run.sentHandle(from)
  }
  switch (spec.answers) {
    case 'at-once': replyTo.tell({ type: 'p.answered', n })
      return
    case 'with-handle': return replyWithHandle()
    case 'late': return life.later(3, replyWithHandle)
    case 'never':
  }
}

/** Each player has a machine of its own in the simulated network; this one takes calls. */
function serve (actor: Actor, life: Life): Disposable {
  const { run, spec } = life
  return run.world.network.host(spec.path).port(run.system).listen(`${spec.path}:1`, {
    onLink: actor.io((link: RawLink) => { converse(actor, life, link) }),
    onFailure: actor.io(({ code }: LinkFailure) => { run.complain(`${spec.path} cannot listen: ${code}`) })
  })
}

/** Calls another's machine, says something, and hangs up after a while. */
function connect (actor: Actor, life: Life, to: string, forMs: number): void {
  const { run, spec } = life
  const opening = run.world.network.host(spec.path).port(run.system).connect(`${to}:1`, {
    onLink: actor.io((link: RawLink) => {
      life.disown(opening)
      const hangUp = converse(actor, life, link)
      link.write(Uint8Array.of(3))
      life.later(forMs, hangUp)
    }),
    onFailure: actor.io(() => { life.disown(opening) })
  })
  life.own(opening)
}

/** Answers each byte with one less. Returns how to end it. */
function converse (actor: Actor, life: Life, link: RawLink): () => void {
  let talking = true
  const hangUp = (): void => {
    talking = false
    link.end()
  }
  life.own(link)
  link.attach({
    onData: actor.io((bytes: Uint8Array) => {
      poked(life)
      for (const byte of bytes) if (byte > 0 && talking && !life.halted) link.write(Uint8Array.of(byte - 1))
    }),
    onEnd: actor.io(hangUp),
    onClose: actor.io(() => { life.disown(link) })
  })
  return hangUp
}

function poked (life: Life): void {
  passes(life, 'io')
  if (life.halted) return
  life.actor!.defer(() => {
    passes(life, 'defer')
    if (!life.halted) life.actor!.self.tell({ type: 'p.poked', n: 0 })
  })
}

function passes (life: Life, point: 'io' | 'defer'): void {
  if (!life.actor!.self.alive) life.run.complain(`${life.spec.path} was called back after its end`)
  life.visit(point)
}
