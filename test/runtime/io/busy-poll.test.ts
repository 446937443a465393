import { expect } from 'chai'
import { BusyPoll } from '../../../src/runtime/io/busy-poll.js'

/** A poll of at most 0.2 ms in a time of its own, where each turn of the loop takes a microsecond. */
class Stage {
  private time = 0
  private more: (() => boolean) | null = null
  readonly poll = new BusyPoll(0.2, { now: () => this.time }, more => {
    if (this.more !== null) throw new Error('two loops at once')
    this.more = more
  })

  /** Asks, and is answered later; perhaps after another time if the loop is awake. For so long it was, in milliseconds. */
  answeredAfter (waitMs: number, waitAwakeMs = waitMs): number {
    this.poll.asked()
    const awakeMs = this.pass(this.awake ? waitAwakeMs : waitMs)
    this.poll.answered()
    this.turn()
    return awakeMs
  }

  /** How long of these milliseconds the loop was awake. */
  pass (ms: number): number {
    const begun = this.time
    const end = begun + ms
    let awakeUntil = begun
    while (this.time < end - 1e-9 && this.more !== null) {
      this.time = Math.min(this.time + 0.001, end)
      this.turn()
      awakeUntil = this.time
    }
    this.time = end
    return awakeUntil - begun
  }

  get awake (): boolean {
    return this.more !== null
  }

  private turn (): void {
    if (this.more?.() === false) this.more = null
  }
}

describe('busy poll', () => {
  let stage: Stage

  beforeEach(() => { stage = new Stage() })

  /** Sixteen answers asleep, and as many awake. */
  const learned = (): void => {
    for (let i = 0; i < 16; i++) expect(stage.answeredAfter(0.19)).to.equal(0)
    for (let i = 0; i < 16; i++) expect(stage.answeredAfter(0.1)).to.be.closeTo(0.1, slack)
  }

  it('sleeps until sixteen answers in a row were in time', () => {
    for (let i = 0; i < 15; i++) expect(stage.answeredAfter(0.15)).to.equal(0)
    expect(stage.answeredAfter(0.25)).to.equal(0)
    learned()
    expect(stage.awake).to.equal(false)
  })

  it('waits half as long after each late answer, and no more after six', () => {
    learned()
    const waited = [0.2, 0.1, 0.05, 0.025, 0.0125, 0.00625, 0, 0]
    for (const awakeMs of waited) expect(stage.answeredAfter(0.3)).to.be.closeTo(awakeMs, slack)
  })

  it('waits twice as long after each answer in time, up to the longest', () => {
    learned()
    for (let i = 0; i < 4; i++) stage.answeredAfter(0.3)
    const waited = [0.0125, 0.025, 0.05, 0.1, 0.15, 0.15]
    for (const awakeMs of waited) expect(stage.answeredAfter(0.15)).to.be.closeTo(awakeMs, slack)
  })

  it('never waits awake for peers that are far away', () => {
    let awakeMs = 0
    for (let i = 0; i < 1000; i++) awakeMs += stage.answeredAfter(0.21 + i / 100)
    expect(awakeMs).to.equal(0)
  })

  it('takes no answer at all for a late one', () => {
    learned()
    let awakeMs = 0
    for (let i = 0; i < 1000; i++) {
      stage.poll.asked()
      awakeMs += stage.pass(1)
    }
    expect(awakeMs).to.be.closeTo(0.4, 6 * slack)
  })

  it('gives up where answers come no sooner, as on a single processor, and tries it less and less often', () => {
    /** How often it slept before it tried again. */
    const slept: number[] = []
    for (let answers = 0; slept.length < 9; answers = 0) {
      while (stage.answeredAfter(0.04, 0.12) === 0) answers++
      for (let i = 0; i < 15; i++) expect(stage.answeredAfter(0.12)).to.be.closeTo(0.12, slack)
      slept.push(answers)
    }
    expect(slept).to.deep.equal([16, 32, 64, 128, 256, 512, 1024, 1024, 1024])
  })

  it('compares again after 4,096 answers, asleep for sixteen of them', () => {
    learned()
    for (let i = 16; i < 4096; i++) stage.answeredAfter(0.05)
    learned()
  })

  it('is not led astray by several questions before one answer, nor by answers that nobody has asked for', () => {
    learned()
    for (let i = 0; i < 5; i++) {
      stage.poll.asked()
      stage.pass(0.01)
    }
    for (let i = 0; i < 5; i++) {
      stage.poll.answered()
      stage.pass(1)
    }
    expect(stage.answeredAfter(0.15)).to.be.closeTo(0.15, slack)
  })

  it('sleeps as soon as it is answered', () => {
    learned()
    stage.poll.asked()
    expect(stage.pass(0.05)).to.be.closeTo(0.05, slack)
    expect(stage.awake).to.equal(true)
    stage.poll.answered()
    expect(stage.pass(1)).to.be.lessThan(slack)
  })
})

/** A turn, and what sums of fractions lose. */
const slack = 0.0015
