import type { Cell } from './cell.js'
import { checkMessage, mapped } from './checks.js'
import type { AskAnswers } from './context.js'
import { ActorError } from './errors.js'
import type { CrashPoint } from './exit.js'
import { disposeQuietly, type Message } from './message.js'
import type { ActorRef, ReplyTo } from './ref.js'
import { Signal } from './signal.js'
import type { Timer, TimerKind } from './time/timers.js'

/** A question on its way. Exactly one of answer, deadline, death of the asked, death or change of mind of the asker ends it. */
export abstract class Question extends Signal implements ReplyTo<Message> {
  readonly point: CrashPoint = 'step'
  /** Who was asked; null once it is over. */
  asked: Cell | null = null
  private deadline: Timer | null = null
  /** On whose account the deadline's timer runs. */
  protected readonly timekeeper: Cell
  private readonly timeoutMs: number
  private readonly to: ActorRef<never>

  constructor (timekeeper: Cell, asked: Cell | null, to: ActorRef<never>, timeoutMs: number) {
    super()
    this.timekeeper = timekeeper
    this.timeoutMs = timeoutMs
    this.to = to
    this.asked = asked
  }

  private get path (): string {
    return this.to.path
  }

  /** Sends the question. Nothing is parked for a dead actor: it fails at once. */
  put (question: (replyTo: ReplyTo<Message>) => Message): void {
    const { asked } = this
    if (asked === null || !asked.alive) {
      this.asked = null
      this.unanswered('the asked actor is down')
      return
    }
    this.deadline = this.timekeeper.armKernelTimer(deadlineTimer, this.timeoutMs, this)
    this.timekeeper.more.addAsking(this)
    asked.more.addAsked(this)
    let queued: boolean
    try {
      queued = asked.tell(question(this))
    } catch (error) {
      this.over()
      throw error
    }
    // An answer cannot be there yet (nobody runs in the sender's stack), but a `crash` overflow may have ended the asked.
    if (!queued && this.over()) this.fail(new ActorError('actor/refused', this.path, 'the mailbox of the asked actor is full'))
  }

  tell (reply: Message): boolean {
    checkMessage('message', reply)
    const { kernel } = this.timekeeper
    if (kernel.custody !== undefined && kernel.custody === reply.handle) kernel.custody = undefined
    if (!this.over()) {
      kernel.deadLetter(this.timekeeper, reply, 'late-answer')
      return false
    }
    this.answer(reply)
    return true
  }

  /** The deadline has come. */
  expire (): void {
    if (this.over()) this.fail(new ActorError('actor/timeout', this.path, `no answer within ${this.timeoutMs} ms`))
  }

  /** The asked actor has ended. */
  askedDown (): void {
    if (this.over()) this.unanswered('the asked actor ended before it answered')
  }

  protected unanswered (text: string): void {
    this.fail(new ActorError('actor/down', this.path, text))
  }

  /** Ends the wait; false when it had ended before. */
  over (): boolean {
    const { asked, deadline } = this
    if (asked === null) return false
    this.asked = null
    asked.extras?.removeAsked(this)
    this.timekeeper.extras?.removeAsking(this)
    if (deadline !== null) {
      this.deadline = null
      this.timekeeper.dropTimer(deadline)
    }
    return true
  }

  protected abstract answer (reply: Message): void
  protected abstract fail (error: ActorError): void
}

/** An actor's question: the outcome waits in its mailbox. */
export class ActorQuestion extends Question {
  private readonly answers: AskAnswers<Message, Message>
  private reply: Message | undefined
  private error: ActorError | undefined

  constructor (asker: Cell, asked: Cell | null, to: ActorRef<never>, timeoutMs: number, answers: AskAnswers<Message, Message>) {
    super(asker, asked, to, timeoutMs)
    this.answers = answers
  }

  protected answer (reply: Message): void {
    this.reply = reply
    this.timekeeper.signal(this)
  }

  protected fail (error: ActorError): void {
    this.error = error
    this.timekeeper.signal(this)
  }

  take (): Message | null {
    const { answers, reply, error } = this
    if (error !== undefined) {
      if (answers.failed === undefined) throw error
      return mapped('failed', answers.failed, error)
    }
    // A mapper that drops the handle, or throws, would leak it: the kernel still knows of it.
    let kept: Disposable | undefined
    try {
      const message = mapped('done', answers.done, reply!)
      kept = message.handle
      return message
    } finally {
      if (reply!.handle !== undefined && kept !== reply!.handle) disposeQuietly(reply!.handle)
    }
  }

  lost (): void {
    if (this.reply?.handle !== undefined) disposeQuietly(this.reply.handle)
  }
}

/** A question from outside the company of actors: the outcome settles a promise. */
export class OuterQuestion extends Question {
  private readonly resolve: (reply: Message) => void
  private readonly reject: (error: Error) => void
  /** Called once, when the question is over. */
  whenOver: (() => void) | undefined
  /** The answer, when the asked actor ends without one. */
  endAnswer: Message | undefined

  constructor (root: Cell, asked: Cell | null, to: ActorRef<never>, timeoutMs: number, resolve: (reply: Message) => void, reject: (error: Error) => void) {
    super(root, asked, to, timeoutMs)
    this.resolve = resolve
    this.reject = reject
  }

  override over (): boolean {
    const ended = super.over()
    if (ended) this.whenOver?.()
    return ended
  }

  abort (reason: unknown): void {
    if (this.over()) this.fail(new ActorError('actor/aborted', this.timekeeper.path, 'the wait was aborted', { cause: reason }))
  }

  protected override unanswered (text: string): void {
    if (this.endAnswer === undefined) super.unanswered(text)
    else this.answer(this.endAnswer)
  }

  protected answer (reply: Message): void {
    this.timekeeper.kernel.scheduler.settle(this.timekeeper, () => { this.resolve(reply) })
  }

  protected fail (error: ActorError): void {
    this.timekeeper.kernel.scheduler.settle(this.timekeeper, () => { this.reject(error) })
  }

  take (): null {
    return null
  }

  lost (): void {
    // Never in a mailbox.
  }
}

const deadlineTimer: TimerKind = {
  label: 'ask deadline',
  point: 'timer',
  fire (timer) {
    timer.owner.dropTimer(timer)
    ;(timer.payload as Question).expire()
  },
  handle: () => null
}
