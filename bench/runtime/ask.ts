import { reducer, type Message, type Out, type ReplyTo, type System } from '../../src/runtime.js'
import { alternate, clock, median, type Side } from '../support/sampling.js'
import type { Scenario, Sheet } from '../support/sheet.js'
import { eachMicros, handSystem, quietSystem } from './parts.js'

const rounds = 41

export const ask: Scenario = {
  name: 'ask',
  what: 'questions from outside, one after the other, each with deadline timer and promise: the loop turned by hand, and through the real event loop',
  run
}

interface Question { readonly type: 'echo.ask', readonly n: number, readonly replyTo: ReplyTo<Answer> }
interface Answer extends Message { readonly type: 'echo.answer', readonly n: number }

const echo = reducer({
  name: 'echo',
  initial: () => 0,
  step (count: number, { n, replyTo }: Question, out: Out) {
    out.tell(replyTo, { type: 'echo.answer', n })
    return count + 1
  }
})

async function run (sheet: Sheet): Promise<void> {
  const { system: byHand, loop } = handSystem()
  const sides = [
    side(sheet, 'by hand', byHand, 10_000, () => { loop.pump() }),
    side(sheet, 'real loop', quietSystem(), 2000, () => {}),
    bareLoop()
  ]
  const [pumped, real, bare] = await alternate(sides, { rounds })
  sheet.figure('pumped by hand', 'us', pumped!)
  sheet.figure('through the real loop', 'us', real!)
  sheet.figure('an empty turn of the real loop and a promise, for comparison', 'us', bare!)
  sheet.atMost('ask, pumped', median(pumped!), 2, 'us')
  sheet.atMost('ask through the real loop, in sequence', median(real!), 6, 'us')
}

function side (sheet: Sheet, name: string, system: System, times: number, pump: () => void): Side {
  const ref = system.spawn(echo, { input: undefined })
  return {
    name,
    async sample () {
      let sum = 0
      const began = clock()
      for (let n = 0; n < times; n++) {
        const answer = system.ask<Answer, Question>(ref, replyTo => ({ type: 'echo.ask', n, replyTo }))
        pump()
        sum += (await answer).n
      }
      const us = eachMicros(began, times)
      sheet.verify('sum of the answers', sum, times * (times - 1) / 2)
      sheet.verify('deadlines or questions left over', system.liveTimers + system.liveQuestions, 0)
      return us
    }
  }
}

/** What no ask through the loop can be cheaper than. */
function bareLoop (): Side {
  return {
    name: 'bare',
    async sample () {
      const began = clock()
      for (let n = 0; n < 2000; n++) await new Promise(resolve => setImmediate(resolve))
      return eachMicros(began, 2000)
    }
  }
}
