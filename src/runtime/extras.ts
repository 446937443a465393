import type { Question } from './ask.js'
import type { Cell } from './cell.js'
import type { Coalescing } from './coalesce.js'
import type { Blame, Down, Exit } from './exit.js'
import { allOf, oneOf, withOne, withoutOne, type Few } from './few.js'
import type { Message } from './message.js'
import type { Random } from './random.js'
import type { ActorRef } from './ref.js'
import type { Supervisor } from './supervisor.js'
import type { Timer } from './time/timers.js'
import { Watch } from './watch.js'

/**
 * What few actors have, or none for long: made when first needed, so that the many that need none of it stay small.
 * What most have stands in the cell itself: see `holdings.ts`.
 */
export class Extras {
  private readonly owner: Cell
  supervisor: Supervisor | null = null
  coalescing: Coalescing | null = null
  random: Random | null = null
  /** The deadline of this actor's stop or end. */
  grace: Timer | null = null
  /** Asked for with the stop; -1 when it was not. */
  stopGraceMs = -1
  blame: Blame | null = null
  private firstWatcher: Watch | null = null
  private watching: Few<ActorRef<never>, Watch> = null
  /** Questions put to this actor, and by it. */
  private asked: Set<Question> | null = null
  private asking: Set<Question> | null = null

  constructor (owner: Cell) {
    this.owner = owner
  }

  // ---------------------------------------------------------------- questions

  addAsked (question: Question): void {
    (this.asked ??= new Set()).add(question)
    this.owner.kernel.liveQuestions++
  }

  removeAsked (question: Question): void {
    if (this.asked?.delete(question) === true) this.owner.kernel.liveQuestions--
  }

  addAsking (question: Question): void {
    (this.asking ??= new Set()).add(question)
  }

  removeAsking (question: Question): void {
    this.asking?.delete(question)
  }

  // ---------------------------------------------------------------- watches

  /** Watches `target`; null is nobody. A second watch of a ref replaces the first. */
  watch (ref: ActorRef<never>, target: Cell | null, message: (news: Down) => Message): void {
    this.unwatch(ref)
    const watch = new Watch(this.owner, ref, message)
    this.watching = withOne(this.watching, watch, refOf)
    if (target === null) watch.fire({ path: ref.path, exit: { kind: 'stopped', reason: 'not-there' } })
    else if (target.exitWhenDown !== undefined) watch.fire({ path: target.path, exit: target.exitWhenDown })
    else target.more.addWatcher(watch, target)
  }

  unwatch (ref: ActorRef<never>): void {
    const watch = oneOf(this.watching, ref, refOf)
    if (watch === undefined) return
    this.watching = withoutOne(this.watching, watch, refOf)
    watch.target?.extras?.removeWatcher(watch)
  }

  /** The news of a watch has come to its turn; false when it was given up meanwhile. */
  watchHandled (watch: Watch): boolean {
    if (oneOf(this.watching, watch.ref, refOf) !== watch) return false
    this.watching = withoutOne(this.watching, watch, refOf)
    return true
  }

  tellWatchers (exit: Exit): void {
    if (this.firstWatcher === null) return
    const news: Down = { path: this.owner.path, exit }
    for (let watch: Watch | null = this.firstWatcher; watch !== null; watch = watch.after) watch.fire(news)
    this.firstWatcher = null
  }

  private addWatcher (watch: Watch, target: Cell): void {
    watch.target = target
    watch.after = this.firstWatcher
    if (this.firstWatcher !== null) this.firstWatcher.before = watch
    this.firstWatcher = watch
  }

  private removeWatcher (watch: Watch): void {
    const { before, after } = watch
    watch.target = null
    if (before === null) this.firstWatcher = after
    else before.after = after
    if (after !== null) after.before = before
  }

  // ---------------------------------------------------------------- the end

  /** Step 4 of the crash order, second half: watches and questions given up. */
  releaseAll (): void {
    const { watching, asking, asked } = this
    for (const { ref } of allOf(watching)) this.unwatch(ref)
    // First what others wait for: a question from outside is put by the root, and one put to the root itself must not go unanswered.
    if (asked !== null) for (const question of [...asked]) question.askedDown()
    if (asking !== null) for (const question of [...asking]) question.over()
  }

  // ---------------------------------------------------------------- for inspection

  /** Whom it watches. */
  get watched (): readonly ActorRef<never>[] {
    return allOf(this.watching).map(refOf)
  }

  /** Questions put by this actor, and to it. */
  get questions (): { readonly asking: number, readonly asked: number } {
    return { asking: this.asking?.size ?? 0, asked: this.asked?.size ?? 0 }
  }
}

const refOf = ({ ref }: Watch): ActorRef<never> => ref
