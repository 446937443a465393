import type { Clock } from '../time/clock.js'

/** How it is told of questions and answers. */
export type Exchange = Pick<BusyPoll, 'asked' | 'answered'>

/** Where turns of the event loop come from: calls `more` once in each, until it says no. */
export type EachTurn = (more: () => boolean) => void

/**
 * Waits awake for an answer that comes sooner than the process could fall asleep and be woken up.
 *
 * A process that sleeps in `epoll` goes on some 50 µs after it was called, with cold caches: within one machine, or one rack, that is
 * most of a round trip, and costs more processor time than waiting awake would. So once something short has left, the loop turns
 * without sleeping, with a look at all sockets in each turn, for at most `longestMs`. Linux calls that busy polling, and has it for network cards
 * (`SO_BUSY_POLL`); KVM does it for guests that have halted, and has the rule for late answers (Documentation/virt/kvm/halt-polling.rst).
 *
 *     asleep --16 answers in a row, each in time--> awake --6 late ones, or 16 no sooner than asleep--> asleep
 *
 * *In time* is within `longestMs`, so whose peers are far away never waits awake. *No sooner*: where processors are wanted by others, who
 * waits awake may keep from it the very process that would answer. So each sixteen answers are compared with the last that came asleep; those are
 * looked at anew every 4,096. When it was no use to be awake, it sleeps twice as long as before, up to 1,024 answers.
 *
 * It is one for all sockets of a port: what counts is whether the process would soon be woken up, not by whom.
 */
export class BusyPoll {
  private readonly longestMs: number
  private readonly clock: Clock
  private readonly eachTurn: EachTurn
  /** For so long an answer is waited for awake. */
  private windowMs = 0
  /** Since when one is waited for; -1 when none is. */
  private askedAt = -1
  private turning = false
  /** Answers in time that were not compared yet, and what they took together. */
  private answers = 0
  private sumMs = 0
  /** What an answer took when it was last asleep, and for how many it sleeps. */
  private asleepMs = 0
  private sleep = few
  /** Comparisons until it looks again how it is to be asleep. */
  private trust = 0

  constructor (longestMs: number, clock: Clock, eachTurn: EachTurn) {
    this.longestMs = longestMs
    this.clock = clock
    this.eachTurn = eachTurn
  }

  /** Something short has left, so perhaps an answer comes. */
  asked (): void {
    const now = this.clock.now()
    if (this.askedAt !== -1 && now - this.askedAt > this.longestMs) this.late()
    this.askedAt = now
    if (this.turning || this.windowMs === 0) return
    this.turning = true
    this.eachTurn(this.turn)
  }

  /** Something has come. */
  answered (): void {
    if (this.askedAt === -1) return
    const waitedMs = this.clock.now() - this.askedAt
    this.askedAt = -1
    if (waitedMs > this.longestMs) this.late()
    else this.inTime(waitedMs)
  }

  private late (): void {
    const half = this.windowMs / 2
    if (half < this.longestMs * shortestShare) this.become(0)
    else this.windowMs = half
  }

  private inTime (waitedMs: number): void {
    const asleep = this.windowMs === 0
    if (!asleep) this.windowMs = Math.min(this.windowMs * 2, this.longestMs)
    this.sumMs += waitedMs
    if (++this.answers < (asleep ? this.sleep : few)) return
    const meanMs = this.sumMs / this.answers
    if (asleep) {
      this.asleepMs = meanMs
      this.trust = comparisons
      this.become(this.longestMs)
    } else if (meanMs >= this.asleepMs) {
      this.sleep = Math.min(this.sleep * 2, many)
      this.become(0)
    } else {
      this.sleep = few
      this.become(--this.trust === 0 ? 0 : this.windowMs)
    }
  }

  private become (windowMs: number): void {
    this.windowMs = windowMs
    this.answers = 0
    this.sumMs = 0
  }

  private readonly turn = (): boolean => {
    this.turning = this.askedAt !== -1 && this.clock.now() - this.askedAt < this.windowMs
    return this.turning
  }
}

/** Answers that make a mean, and so for how many it sleeps at least. */
const few = 16
/** For how many it sleeps at most, where waiting awake was no use again and again. */
const many = 1024
/** Of `few` answers each: 4,096 of them. */
const comparisons = 256
/** Of the longest wait: a shorter one would see a few turns of the loop, and no answer. */
const shortestShare = 1 / 32
