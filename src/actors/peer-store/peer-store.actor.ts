/**
 * The peer store: a `PeerBook` in memory, and behind it, when there is one, a datastore.
 *
 *     start --load--> (questions wait) --loaded--> answers
 *     changes --after writeDelayMs, or a flush--> one batch --written--> the next
 *
 * What holds is what is in memory. The datastore is outside code: each task with it has a deadline, its failures are reported
 * once and tried again, later and later, and nobody waits for it who has not asked to. After a crash, which loses what was not
 * written yet, the datastore is read again.
 */
import { failureError, failureOf, type Failure } from '../../messages/failure.js'
import type { PeerStoreEvent, PeerStoreMessage, PeerStoreQuestion, PeerStoreReply } from '../../messages/peer-store.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import { DecodeFailure } from '../../messages/wire/failure.js'
import type { Behavior } from '../../runtime/behavior/behavior.js'
import type { Out } from '../../runtime/behavior/out.js'
import { reducer } from '../../runtime/behavior/reducer.js'
import type { ActorContext } from '../../runtime/context.js'
import { checkNumber } from '../../runtime/errors.js'
import type { ReplyTo } from '../../runtime/ref.js'
import type { TaskScope } from '../../runtime/task.js'
import { PeerBook, type Merged } from './peer-book.core.js'
import type { PeerDisk } from './peer-disk.port.js'
import { checkPeerStoreAges, checkPeerStoreLimits, peerStoreAges, peerStoreDefaults, type PeerStoreAges, type PeerStoreLimits } from './peer-limits.core.js'
import { decodeStoredPeer, encodeStoredPeer } from './stored-peer.core.js'

/** In milliseconds. */
export interface PeerStoreTimes {
  /** Between a change and its writing. Default 5,000: what a crash or `kill -9` may cost, against how often a disk is woken. */
  readonly writeDelayMs: number
  /** For reading all, and for writing a batch. Default 10,000: a disk that is slower than that is not there. */
  readonly storeTimeoutMs: number
  /** After a failure; doubled with each further one in a row, up to a minute. Default 1,000. */
  readonly retryMs: number
}

export const peerStoreTimes: PeerStoreTimes = { writeDelayMs: 5000, storeTimeoutMs: 10_000, retryMs: 1000 }

export interface PeerStoreInput {
  readonly limits?: Partial<PeerStoreLimits>
  readonly ages?: Partial<PeerStoreAges>
  readonly times?: Partial<PeerStoreTimes>
  /** Outlives a crash of this actor. Without it all is in memory only. */
  readonly disk?: PeerDisk
  /** Unix time in milliseconds at which the system's clock stood at zero. */
  readonly epochMs?: number
  /** Who is connected now: what a restart cannot know otherwise. */
  readonly connected?: () => Iterable<PeerId>
}

/** Changed in place; a step only chooses the effect. */
export interface PeerStoreState {
  readonly book: PeerBook
  readonly ages: PeerStoreAges
  readonly times: PeerStoreTimes
  readonly disk: PeerDisk | undefined
  readonly epochMs: number
  readonly connected: () => Iterable<PeerId>
  /** `unread`: the datastore could not be read so far. */
  phase: 'memory' | 'loading' | 'unread' | 'ready'
  /** What is being written. */
  writing: readonly PeerId[] | undefined
  /** Questions that came before the datastore was read for the first time, or has failed. */
  readonly questions: PeerStoreQuestion[]
  /** Flushes that wait for what is being written, and for what is written next. */
  flushing: readonly Flush[]
  flushes: Flush[]
  /** In a row. */
  failures: number
  writeArmed: boolean
  stopping: 'no' | 'asked' | 'writing'
}

interface Flush {
  readonly id: string
  readonly replyTo: ReplyTo<PeerStoreReply>
}

type Change = Extract<PeerStoreMessage, { type: 'peer-store.merge' | 'peer-store.forget' | 'peer-store.connected' | 'peer-store.disconnected' | 'peer-store.reached' | 'peer-store.unreached' }>
type Store = PeerStoreState
type Actor = ActorContext<PeerStoreMessage>

interface PeerStoreEffects {
  begin: Store
  change: readonly [Store, Change]
  answer: readonly [Store, PeerStoreQuestion]
  flush: readonly [Store, Flush]
  loaded: readonly [Store, Extract<PeerStoreMessage, { type: 'peer-store.loaded' }>]
  loadFailed: readonly [Store, Failure]
  written: Store
  writeFailed: readonly [Store, Failure]
  writeDue: Store
  sweep: Store
  stop: Store
}

/** What has expired is let go of so often; answers never have it. */
const sweepMs = 60_000
/** Peers that are written at a time, but for flushes: bounds how much work strangers can make of a disk. */
const mostAtATime = 1024
/** Questions that wait for the datastore; beyond it memory answers. */
const mostQuestions = 4096
const longestRetryMs = 60_000

export const peerStore: Behavior<PeerStoreMessage, PeerStoreInput | undefined, Store> = reducer({
  name: 'peer-store',
  // All requests of the swarm may ask in one turn.
  mailboxCapacity: 8192,
  stopMessage: () => ({ type: 'peer-store.stop' }),
  initial (input: PeerStoreInput | undefined, out: Out<PeerStoreEffects>): Store {
    const { disk, epochMs = 0, connected = () => [] } = input ?? {}
    const ages = checkPeerStoreAges({ ...peerStoreAges, ...input?.ages })
    const times = { ...peerStoreTimes, ...input?.times }
    for (const name of ['writeDelayMs', 'storeTimeoutMs', 'retryMs'] as const) checkNumber('peerStore', name, times[name])
    const store: Store = {
      book: new PeerBook(checkPeerStoreLimits({ ...peerStoreDefaults, ...input?.limits }), ages, disk !== undefined),
      ages, times, disk, epochMs, connected,
      phase: disk === undefined ? 'memory' : 'loading',
      writing: undefined, questions: [], flushing: [], flushes: [], failures: 0, writeArmed: false, stopping: 'no'
    }
    out.do('begin', store)
    return store
  },
  step (store, message: PeerStoreMessage, out: Out<PeerStoreEffects>): Store {
    switch (message.type) {
      case 'peer-store.merge':
      case 'peer-store.forget':
      case 'peer-store.connected':
      case 'peer-store.disconnected':
      case 'peer-store.reached':
      case 'peer-store.unreached': out.do('change', [store, message]); break
      case 'peer-store.get':
      case 'peer-store.all':
      case 'peer-store.kept':
      case 'peer-store.good': out.do('answer', [store, message]); break
      case 'peer-store.flush': out.do('flush', [store, message]); break
      case 'peer-store.loaded': out.do('loaded', [store, message]); break
      case 'peer-store.load-failed': out.do('loadFailed', [store, message.failure]); break
      case 'peer-store.written': out.do('written', store); break
      case 'peer-store.write-failed': out.do('writeFailed', [store, message.failure]); break
      case 'peer-store.write-due': out.do('writeDue', store); break
      case 'peer-store.sweep': out.do('sweep', store); break
      case 'peer-store.stop':
        if (store.stopping === 'no') {
          // Once more, behind what waits in the mailbox: that was said before, and counts.
          store.stopping = 'asked'
          out.do('stop', store)
        } else if (settled(store)) out.done()
        else {
          store.stopping = 'writing'
          out.do('writeDue', store)
        }
        return store
    }
    return store
  },
  effects: {
    begin (actor, store) {
      for (const peer of store.connected()) store.book.connected(peer, actor.now())
      actor.timer('sweep', sweepMs, { type: 'peer-store.sweep' }, sweepMs)
      load(actor, store)
    },
    change (actor, [store, message]) {
      change(actor, store, message)
      expectWrite(actor, store)
    },
    answer (actor, [store, question]) {
      if (store.phase === 'loading' && store.failures === 0 && store.questions.length < mostQuestions) store.questions.push(question)
      else answer(actor, store, question)
    },
    flush (actor, [store, { id, replyTo }]) {
      store.flushes.push({ id, replyTo })
      goOn(actor, store)
    },
    loaded (actor, [store, { peers, damages }]) {
      let bad = 0
      const now = actor.now()
      const infos = peers.flatMap(bytes => {
        const info = decodeStoredPeer(bytes, store.ages, store.epochMs, now)
        if (!(info instanceof DecodeFailure)) return [info]
        bad++
        return []
      })
      // As they were heard of, so that the oldest goes first.
      for (const info of infos.sort((a, b) => a.updatedAt - b.updatedAt)) store.book.restore(info, now)
      for (const damage of [...damages, ...bad > 0 ? [`${bad} of ${peers.length} peers could not be read`] : []]) {
        report(actor, { code: 'store/damaged', detail: damage, path: actor.path })
      }
      store.phase = 'ready'
      atEase(actor, store)
      actor.log('debug', `${infos.length} peers read`)
      answerAll(actor, store)
      goOn(actor, store)
    },
    loadFailed (actor, [store, failure]) {
      store.phase = 'unread'
      failed(actor, store, failure)
      answerAll(actor, store)
      endFlushes(store, [...store.flushing, ...store.flushes.splice(0)], failure)
      retry(actor, store)
    },
    written (actor, store) {
      if (store.failures > 0) actor.log('info', 'the datastore works again')
      atEase(actor, store)
      store.writing = undefined
      endFlushes(store, store.flushing)
      goOn(actor, store)
    },
    writeFailed (actor, [store, failure]) {
      store.book.returnChanges(store.writing ?? [])
      store.writing = undefined
      failed(actor, store, failure)
      endFlushes(store, store.flushing, failure)
      if (store.flushes.length > 0) goOn(actor, store)
      else retry(actor, store)
    },
    writeDue (actor, store) {
      store.writeArmed = false
      if (store.phase === 'unread') load(actor, store)
      else write(actor, store, mostAtATime)
    },
    sweep (actor, store) {
      store.book.sweep(actor.now())
      expectWrite(actor, store)
    },
    stop: actor => { actor.self.tell({ type: 'peer-store.stop' }) }
  },
  describe: ({ book, phase, disk, writing, failures }) => ({
    peers: book.size,
    bytes: book.bytes,
    ...disk !== undefined && { datastore: phase, unwritten: book.changes + (writing?.length ?? 0), failures }
  })
})

function change (actor: Actor, { book }: Store, message: Change): void {
  const { peer } = message
  const now = actor.now()
  switch (message.type) {
    case 'peer-store.merge': {
      const merged = book.merge(peer, message.patch, now, message.how)
      message.replyTo?.tell({ type: 'peer-store.peer', id: message.id ?? '', info: merged.info })
      tell(actor, merged)
      break
    }
    case 'peer-store.forget': message.replyTo.tell({ type: 'peer-store.peer', id: message.id, info: book.forget(peer, now) }); break
    case 'peer-store.connected': book.connected(peer, now); break
    case 'peer-store.disconnected': book.disconnected(peer, now); break
    case 'peer-store.reached': tell(actor, book.tried(peer, message.address, true, now)); break
    case 'peer-store.unreached': tell(actor, book.tried(peer, message.address, false, now)); break
  }
}

function tell (actor: Actor, { info, changed }: Merged): void {
  if (info === undefined || !changed) return
  const event: PeerStoreEvent = { type: 'peer.updated', info }
  actor.emit(event)
}

function answer (actor: Actor, { book }: Store, question: PeerStoreQuestion): void {
  const { id, replyTo } = question
  switch (question.type) {
    case 'peer-store.get': replyTo.tell({ type: 'peer-store.peer', id, info: book.get(question.peer, actor.now()) }); break
    case 'peer-store.all': replyTo.tell({ type: 'peer-store.peers', id, peers: book.all(actor.now()) }); break
    case 'peer-store.kept': replyTo.tell({ type: 'peer-store.peers', id, peers: book.kept(actor.now()) }); break
    case 'peer-store.good': replyTo.tell({ type: 'peer-store.peers', id, peers: book.good(question.limit, actor.now()) }); break
  }
}

function answerAll (actor: Actor, store: Store): void {
  for (const question of store.questions.splice(0)) answer(actor, store, question)
}

/** Somebody waits, or there is something to do: at once, or when it is due. */
function goOn (actor: Actor, store: Store): void {
  const { book, flushes, phase } = store
  if (store.stopping === 'writing' && settled(store)) actor.done()
  else if (flushes.length > 0 && phase === 'memory') endFlushes(store, flushes.splice(0))
  else if (flushes.length > 0 && phase === 'unread') load(actor, store)
  else if (flushes.length > 0 || store.stopping === 'writing') write(actor, store, Infinity)
  else if (book.changes > 0) expectWrite(actor, store)
}

/** Nothing is left to write, or no hope to write it. */
function settled ({ book, phase, writing }: Store): boolean {
  return phase === 'memory' || phase === 'unread' || (phase === 'ready' && writing === undefined && book.changes === 0)
}

function expectWrite (actor: Actor, store: Store): void {
  if (store.writeArmed || store.phase !== 'ready' || store.writing !== undefined || store.book.changes === 0) return
  store.writeArmed = true
  actor.timer('write', store.times.writeDelayMs, { type: 'peer-store.write-due' })
}

/** It works: the next write comes when it is due, and not when the last failure would have it. */
function atEase (actor: Actor, store: Store): void {
  store.failures = 0
  store.writeArmed = false
  actor.cancelTimer('write')
}

/** Later and later. */
function retry (actor: Actor, store: Store): void {
  if (store.stopping === 'writing') return actor.done()
  store.writeArmed = true
  actor.timer('write', Math.min(store.times.retryMs * 2 ** (store.failures - 1), longestRetryMs), { type: 'peer-store.write-due' })
}

function load (actor: Actor, store: Store): void {
  const { disk, times: { storeTimeoutMs } } = store
  if (disk === undefined) return
  store.phase = 'loading'
  actor.task(scope => within(scope, storeTimeoutMs, disk.load()), {
    done: ({ peers, damages }) => ({ type: 'peer-store.loaded', peers, damages }),
    failed: error => ({ type: 'peer-store.load-failed', failure: { ...failureOf(error, 'store/open-failed'), path: actor.path } })
  })
}

/** One batch at a time. */
function write (actor: Actor, store: Store, most: number): void {
  const { book, disk, epochMs, phase, times: { storeTimeoutMs } } = store
  if (disk === undefined || phase !== 'ready' || store.writing !== undefined) return
  store.flushing = store.flushes.splice(0)
  const changes = book.takeChanges(store.flushing.length > 0 || store.stopping === 'writing' ? Infinity : most)
  if (changes.size === 0) {
    endFlushes(store, store.flushing)
    if (store.stopping === 'writing') actor.done()
    return
  }
  store.writing = [...changes.keys()]
  const batch = [...changes].map(([peer, info]) => [peer.toString(), info === undefined ? null : encodeStoredPeer(info, book.isConnected(peer), epochMs)] as const)
  actor.task(scope => within(scope, storeTimeoutMs, disk.write(batch)), {
    done: () => ({ type: 'peer-store.written' }),
    failed: error => ({ type: 'peer-store.write-failed', failure: { ...failureOf(error, 'store/write-failed'), path: actor.path } })
  })
}

/** Outside work cannot be stopped, only not waited for. @throws NetworkError `store/timeout` */
async function within<T> ({ sleep }: TaskScope, ms: number, work: Promise<T>): Promise<T> {
  const late = sleep(ms).then(() => { throw failureError({ code: 'store/timeout', detail: `${ms} ms` }) })
  return Promise.race([work, late])
}

/** The first in a row is news. */
function failed (actor: Actor, store: Store, failure: Failure): void {
  if (store.failures++ === 0) report(actor, failure)
}

function report (actor: Actor, failure: Failure): void {
  const event: PeerStoreEvent = { type: 'peer-store.failed', failure }
  actor.emit(event)
  actor.log('warn', `${failure.code}: ${failure.detail ?? ''}`)
}

function endFlushes (store: Store, flushes: readonly Flush[], failure?: Failure): void {
  store.flushing = []
  for (const { id, replyTo } of flushes) replyTo.tell({ type: 'peer-store.flushed', id, ...failure !== undefined && { failure } })
}
