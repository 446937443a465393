import { NetworkError } from '../../messages/errors.js'
import { failureError, type Failure } from '../../messages/failure.js'
import { ActorError, checkNumber, checkOptions } from '../../runtime/errors.js'
import type { Message } from '../../runtime/message.js'
import type { ActorRef, ReplyTo } from '../../runtime/ref.js'
import type { System } from '../../runtime/system.js'

/** Every wait of a user takes these. */
export interface WaitOptions {
  /** Aborting rejects with `user/aborted`, and gives up what was begun for this call only. */
  readonly signal?: AbortSignal
  /** In milliseconds; each call states its default. */
  readonly timeoutMs?: number
}

/** Names of the options of every wait. */
export const waitOptions = ['signal', 'timeoutMs'] as const

/** @throws TypeError, RangeError that names the option; `known` are those that this call has besides */
export function checkWait (where: string, options: WaitOptions, ...known: readonly string[]): void {
  checkOptions(where, options, [...waitOptions, ...known])
  const { signal, timeoutMs } = options
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw new TypeError(`${where}: option 'signal' must be an AbortSignal; got ${typeof signal}`)
  checkNumber(where, 'timeoutMs', timeoutMs)
}

/** A question of a user to the company: what is asked, and what takes it back. */
export interface Request<M extends Message, R extends Message> {
  readonly to: ActorRef<M>
  /** `deadline` in milliseconds of the system's clock. */
  readonly ask: (id: string, deadline: number, replyTo: ReplyTo<R>) => M
  /** Told when the user gives up before the answer has come. */
  readonly cancel?: (id: string) => M
  /** What it means as an answer that the asked actor has ended. Without it, that is an error. */
  readonly endAnswer?: R
}

/**
 * The road from user code into the company and back: numbers each request, gives it its deadline, takes it back when it is
 * aborted, and makes errors for users of what actors answer.
 */
export class Road {
  readonly system: System
  private readonly stopped: () => boolean
  private requests = 0

  constructor (system: System, stopped: () => boolean) {
    this.system = system
    this.stopped = stopped
  }

  /**
   * @param options checked by `checkWait`
   * @throws (as rejection) NetworkError `user/aborted`, `user/timeout`, `user/stopped`, `actor/down`, `actor/refused`
   */
  async ask<M extends Message, R extends Message> (request: Request<M, R>, options: WaitOptions, defaultTimeoutMs: number): Promise<R> {
    const { signal, timeoutMs = defaultTimeoutMs } = options
    if (this.stopped()) throw new NetworkError('user/stopped')
    const id = `user-${++this.requests}`
    const deadline = this.system.now() + timeoutMs
    try {
      return await this.system.ask<R, M>(request.to, replyTo => request.ask(id, deadline, replyTo), {
        // Whoever works on it keeps the deadline, and knows why it took so long: this is only for when he does not answer.
        timeoutMs: timeoutMs + answerMs,
        ...request.endAnswer !== undefined && { endAnswer: request.endAnswer },
        ...signal !== undefined && { signal }
      })
    } catch (error) {
      if (request.cancel !== undefined && error instanceof ActorError && (error.code === 'actor/aborted' || error.code === 'actor/timeout')) {
        request.to.tell(request.cancel(id))
      }
      throw this.explained(error)
    }
  }

  /** What an actor has answered, as an error for the user. */
  failed (failure: Failure): NetworkError {
    return failureError(failure)
  }

  private explained (error: unknown): unknown {
    if (!(error instanceof ActorError)) return error
    const { path, code } = error
    if (this.stopped() || code === 'system/stopped') return new NetworkError('user/stopped', { path })
    if (code === 'actor/aborted') return new NetworkError('user/aborted', { path, cause: error.cause })
    if (code === 'actor/timeout') return new NetworkError('user/timeout', { path, cause: error })
    if (code === 'actor/refused') return new NetworkError('actor/refused', { path, cause: error })
    return new NetworkError('actor/down', { path, cause: error })
  }
}

/** How long after its deadline an answer may come. */
const answerMs = 1000
