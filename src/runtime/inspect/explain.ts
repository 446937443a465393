import type { PlainError, PlainExit } from './plain.js'
import { grouped } from './render-tree.js'
import { endLinks, type Alive, type Death, type Verdict, type Why } from './why.js'

/** The answer of `why` as one sentence for a person. */
export function explain (why: Why): string {
  switch (why.status) {
    case 'unknown':
      return `${why.path} is unknown: no actor has lived there, or it ended so long ago that it is forgotten.`
    case 'alive':
      return `${why.path} (${why.behavior}) is ${why.actor}${pastText(why)}.`
    case 'down': {
      const { path, behavior, death, verdict } = why
      return `${path} (${behavior}) ${death === null ? 'is down, and why is forgotten' : deathText(death)}${verdictText(verdict)}.`
    }
  }
}

function pastText ({ starts, underWay, previous }: Alive): string {
  if (underWay !== null) return `: it ${deathText(underWay)}`
  if (previous !== null) return `; the one before it ${deathText(previous)}`
  return starts > 1 ? `, started ${grouped(starts)} times; why it ended before is forgotten` : ' and has not ended'
}

/** `crashed in its step, handling 'dial.opened': TypeError: no link`; also for the log. */
export function exitText (exit: PlainExit): string {
  const error = exit.error === undefined ? '' : `: ${errorText(exit.error)}`
  switch (exit.kind) {
    case 'done': return 'reached its end'
    case 'stopped': return `was stopped (${exit.reason ?? ''})`
    case 'killed': return `was killed (${exit.reason ?? ''})${error}`
    case 'crashed': return `crashed ${pointTexts[exit.at ?? ''] ?? ''}${exit.message === undefined ? '' : `, handling '${exit.message}'`}${error}`
    case 'start-failed': return `failed to start${error}`
  }
}

/** `TypeError: no link (caused by Error: reset)` */
export function errorText ({ name, message, cause }: PlainError): string {
  const text = name === 'thrown' ? `threw ${message}` : `${name}: ${message}`
  return cause === undefined ? text : `${text} (caused by ${errorText(cause)})`
}

const pointTexts: Readonly<Record<string, string>> = {
  start: 'at its start',
  step: 'in its step',
  effect: 'in an effect',
  task: 'in a task',
  timer: 'at a timer',
  io: 'in a callback from outside',
  defer: 'in what it had deferred',
  stop: 'while it stopped',
  mailbox: 'because its mailbox overflowed',
  escaped: 'in a timer, promise or callback of its own'
}

function deathText ({ exit, chain, skipped, messages }: Death): string {
  // The last link is this end itself.
  const causes = chain.slice(0, -1).reverse().map(link => `because ${link.path} ${exitText(link.exit)}`)
  if (skipped > 0) causes.splice(endLinks - 1, 0, `and so on through ${grouped(skipped)} more`)
  // Of those that only followed, what they did last does not matter.
  const told = chain.length > 1 ? chain[0]!.messages ?? [] : messages
  const last = told.length === 0 ? '' : `; ${chain.length > 1 ? `the last messages of ${chain[0]!.path}` : 'its last messages'}: ${told.map(({ type }) => type).join(', ')}`
  return `${[exitText(exit), ...causes].join(', ')}${last}`
}

function verdictText ({ decision, starts, retryInMs }: Verdict): string {
  const when = retryInMs === undefined ? '' : ` in ${grouped(Math.round(retryInMs))} ms`
  switch (decision) {
    case 'none': return ''
    case 'undecided': return '; its supervisor has not decided yet'
    case 'waiting': return '; it will be started again when its turn comes'
    case 'backing-off': return `; it will be started again${when}`
    case 'suspended': return `; it is suspended after ${grouped(starts)} starts and will be tried again${when}`
  }
}
