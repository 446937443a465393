import type { Observable } from 'rxjs'
import { ActorError } from '../errors.js'
import type { Exit } from '../exit.js'
import type { System } from '../system.js'
import { viewOf, type ActorView } from './actor-view.js'
import type { DeadLetter } from './dead-letters.js'
import { ledgerOf, type Ledger } from './ledger.js'
import { observable, type Sink } from './observe.js'
import { checkPath, placeAt } from './place.js'
import { checkFilter, kindsOf, recordSink, type TraceFilter, type TraceRecord } from './records.js'
import { watchedKinds, watchSink, type Sighting } from './sightings.js'
import type { TraceKind, TraceSink } from './trace.js'
import { treeFrom, type TreeNode } from './tree.js'
import { whyOf, type Why } from './why.js'

/**
 * Looks into a living system, and into what is left of the dead. Reached by `system.inspect`.
 *
 * All answers are plain values of that moment, made to be printed or sent: nothing in them leads back to an actor. Looking
 * changes nothing: the same seed gives the same history with and without observers.
 */
export class Inspector {
  private readonly system: System

  constructor (system: System) {
    this.system = system
  }

  /**
   * The living actors, and the places that supervisors keep for those that are down. `renderTree` prints it.
   *
   * @param path where it begins; default the root. Undefined is returned when there is nobody, nor a place for anybody
   * @throws TypeError when `path` is no path
   */
  tree (): TreeNode
  tree (path: string): TreeNode | undefined
  tree (path?: string): TreeNode | undefined {
    const { system } = this
    if (path === undefined) return treeFrom({ path: system.root.path, cell: system.root, slot: undefined }, system.now())
    const place = placeAt(system, checkPath('path', path))
    return place.cell === null && place.slot === undefined ? undefined : treeFrom(place, system.now())
  }

  /**
   * Everything about one actor: state, mailbox, timers, tasks, resources, account, last messages. Undefined when there is
   * nobody, nor a place for anybody.
   *
   * @throws TypeError when `path` is no path
   */
  actor (path: string): ActorView | undefined {
    return viewOf(placeAt(this.system, checkPath('path', path)), this.system.now())
  }

  /**
   * Follows whoever lives at that path, restarts included: what is there now, then each start, each message that changed
   * the described state, and each end. Completes when the system ends. A subscriber that throws is removed and reported.
   *
   * @throws TypeError when `path` is no path
   */
  watch (path: string): Observable<Sighting> {
    checkPath('path', path)
    return this.observe(`watch ${path}`, watchedKinds, sink => watchSink(this.system, path, sighting => { sink.next(sighting) }))
  }

  /**
   * What happens, report by report. Completes when the system ends. A subscriber that throws is removed and reported.
   *
   * Costs about 0.1 microseconds a record, 1 with payloads, and nothing once nobody is subscribed. Subscribers run in the midst of the
   * reporting actor's turn: they must be quick.
   *
   * @throws TypeError naming the member of the filter that is unknown or of the wrong kind
   */
  trace (filter: TraceFilter = {}): Observable<TraceRecord> {
    // Checked and copied now: what becomes of the caller's object later does not matter.
    const { ...wanted } = checkFilter(filter)
    return this.observe('trace', kindsOf(wanted), sink => recordSink(wanted, record => { sink.next(record) }))
  }

  /**
   * Why an actor ended: the chain from the root cause down to it, its last messages, and what its supervisor does about it.
   * Of a living actor, why the one before it ended. `explain` makes a sentence of it.
   *
   * @throws TypeError when `path` is no path
   */
  why (path: string): Why {
    return whyOf(this.system, checkPath('path', path))
  }

  /**
   * Ends an actor at once, as an operator. Its supervisor restarts it if it is permanent or transient, without counting it
   * as a failure. Killing the root ends the system.
   *
   * @param error what to say about it; `why` shows it
   * @throws TypeError when `path` is no path; ActorError `actor/down` when nobody lives there
   */
  kill (path: string, error?: unknown): void {
    const cell = this.system.find(checkPath('path', path))
    if (cell === null) throw new ActorError('actor/down', path, 'nobody lives there')
    const exit: Exit = { kind: 'killed', reason: 'operator', counted: false }
    cell.requestEnd(error === undefined ? exit : { ...exit, error })
  }

  /** What is in use, in total and by owner. All zeros after the system has ended, or something leaks. */
  ledger (): Ledger {
    return ledgerOf(this.system)
  }

  /** How many messages were lost so far, and the last 64 of them, oldest first. */
  deadLetters (): { readonly count: number, readonly samples: readonly DeadLetter[] } {
    const { deadLetters } = this.system
    return { count: deadLetters.count, samples: deadLetters.sample() }
  }

  /** An observable of what a sink makes of the trace, that completes with the system. */
  private observe<T> (what: string, kinds: readonly TraceKind[], view: (sink: Sink<T>) => TraceSink): Observable<T> {
    const { root, trace } = this.system
    return observable<T>(sink => {
      const hear = view(sink)
      if (root.exitWhenDown !== undefined) {
        sink.complete()
        return () => {}
      }
      const stopHearing = trace.add(hear, kinds)
      const stopWaiting = trace.add(() => { sink.complete() }, ['ended'])
      return () => {
        stopHearing()
        stopWaiting()
      }
    }, error => { trace.report('observer-removed', root, error, what) })
  }
}
