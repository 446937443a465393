/**
 * Why something in the network ended, for people: what the kernel knows of each end, read with the error table.
 *
 * Two sources meet here. The kernel's chain leads from the actor that was asked about up to whose end took it down. What actors of
 * the network say themselves, when they end in order, is their output (`End`); it may name another actor that found it out, whose
 * own end is then looked up in turn.
 */
import { errorTable, isErrorCode, NetworkError, type ErrorCode, type ErrorInitiator, type Reason } from '../../messages/errors.js'
import { explain as explainActor } from '../../runtime/inspect/explain.js'
import { Inspector } from '../../runtime/inspect/inspector.js'
import type { PlainError, PlainExit } from '../../runtime/inspect/plain.js'
import type { Death, Link, Why } from '../../runtime/inspect/why.js'

/** As `Why`; of the dead, and of those that are ending, with the reason: a code of the error table, and where it began. */
export type NodeWhy = Why & { readonly reason: Reason | null }

/** Looks into the actors of a node. */
export class NodeInspector extends Inspector {
  /**
   * Why an actor ended, alive or dead: what the kernel knows, and the reason in the words of the error table.
   *
   * @throws TypeError when `path` is no path
   */
  override why (path: string): NodeWhy {
    const why = super.why(path)
    const death = deathOf(why)
    return { ...why, reason: death === null ? null : new Enquiry(other => super.why(other)).into(path, death) }
  }
}

/** The answer of `why` as a sentence or two for a person: what happened, what to do, and what the actors went through. */
export function explain (why: Why | NodeWhy): string {
  const reason = 'reason' in why ? why.reason : null
  return reason === null ? explainActor(why) : `${reasonText(reason)} ${explainActor(why)}`
}

/** What happened and what to do about it, in one line: `Nobody listens at the address: ... Check address and port, ... [dial/refused] (remote)` */
export function reasonText ({ advice, code, detail, initiator, sentence, wireCode }: Reason): string {
  const what = detail === undefined ? sentence : `${sentence.replace(/\.$/, '')}: ${detail.replace(/\.$/, '')}.`
  const number = wireCode === undefined ? '' : `, code 0x${wireCode.toString(16)}`
  return `${what} ${advice} [${code}] (${initiator}${number})`
}

function deathOf (why: Why): Death | null {
  switch (why.status) {
    case 'alive': return why.underWay
    case 'down': return why.death
    case 'unknown': return null
  }
}

/** A step from the end that was asked about towards the root: the last found is the first that happened. */
interface Found {
  readonly code: ErrorCode
  readonly path: string
  readonly initiator?: ErrorInitiator
  readonly detail?: string
  readonly event?: string
  readonly wireCode?: number
}

/** What an actor of the network tells by its output, in any of the forms that are in use. */
interface Told extends Partial<Omit<Found, 'code'>> {
  readonly code: ErrorCode
  readonly text?: string
  readonly found?: boolean
}

/** How far an enquiry goes: each step is another actor. */
const mostSteps = 16

class Enquiry {
  private readonly why: (path: string) => Why
  private readonly asked = new Set<string>()
  private readonly steps: Found[] = []

  constructor (why: (path: string) => Why) {
    this.why = why
  }

  into (path: string, death: Death): Reason {
    this.follow(path, death)
    // As an error it finds its root by itself, and what that has led to.
    const [root, ...led] = this.steps.reverse()
    if (root === undefined) throw new Error('an end is its own first step')
    return led.reduce((cause, { code, ...about }) => new NetworkError(code, { ...about, cause }), new NetworkError(root.code, root)).reason
  }

  private follow (path: string, death: Death): void {
    if (this.asked.has(path) || this.steps.length >= mostSteps) return
    this.asked.add(path)
    const [first = { path, exit: death.exit }] = death.chain
    // Of one that is still ending the graveyard knows nothing.
    const root = first.path === path ? { ...first, behavior: death.behavior, messages: death.messages } : first
    const above = aboveOf(root)
    // It went down with what it is part of, and that one knows why.
    if (above !== undefined) {
      const its = deathOf(this.why(above))
      if (its !== null && toldBy(its.exit) !== undefined) {
        this.steps.push(wentAlong(path, death))
        return this.follow(above, its)
      }
    }
    if (root.path !== path) this.steps.push(wentAlong(path, death))
    const here = found(root)
    const last = root.messages?.at(-1)?.type
    const { event = last ?? (root.exit.kind === 'stopped' ? 'stop' : undefined) } = here
    this.steps.push({ ...here, ...event !== undefined && { event } })
    const finder = finderOf(root, here)
    if (finder === undefined) return this.handler(here)
    const its = deathOf(this.why(finder))
    if (its !== null) this.follow(finder, its)
    // Forgotten, or its end is no news: who it was is known all the same.
    else if (finder !== here.path) this.steps.push({ ...here, path: finder })
  }

  /** What a stream was reset with by us its handler may have decided, and tell more of. */
  private handler (here: Found): void {
    if (!/\/streams\/[^/]+$/.test(here.path) || here.initiator === 'remote') return
    const path = `${here.path}/handler`
    if (here.code === 'handler/drain-timeout') this.steps.push({ ...here, path, event: 'handler.drain-timeout' })
    const its = deathOf(this.why(path))
    const told = its === null ? undefined : toldBy(its.exit)
    if (its !== null && told?.code === here.code && told.found === true) this.follow(path, its)
  }
}

/** One that ended because another did. */
function wentAlong (path: string, { behavior }: Death): Found {
  return { code: behavior === 'stream' || behavior === 'handler' ? 'stream/connection-closed' : 'actor/stopped', path, initiator: 'local' }
}

/** Who found out what `link` tells, where that is another. */
function finderOf ({ exit, path }: Link, { code }: Found): string | undefined {
  const told = toldBy(exit)
  if (told?.path !== undefined && told.path !== path) return told.path
  return code === 'stream/connection-closed' ? /^.*\/connections\/[^/]+(?=\/)/.exec(path)?.[0] : undefined
}

/** Streams are killed with their connection, and handlers with their stream, by nobody else: what those say then counts. */
function aboveOf ({ exit, path }: Link): string | undefined {
  if (exit.kind !== 'killed' && exit.kind !== 'stopped') return undefined
  if (exit.reason === 'operator' || exit.because !== undefined) return undefined
  const parent = /^(.*\/connections\/[^/]+)\/(?:streams|upgrade)$/.exec(path) ?? /^(.*\/streams\/[^/]+)\/handler$/.exec(path)
  return parent?.[1]
}

function found ({ behavior, exit, path }: Link): Found {
  const told = toldBy(exit)
  if (told !== undefined) {
    const { code, detail = told.text, event, initiator, wireCode } = told
    return {
      code,
      path,
      // A muxer cannot tell its user from the rest of us.
      initiator: initiator === undefined || (initiator === 'local' && code === 'stream/reset') ? errorTable[code].initiator : initiator,
      ...detail !== undefined && detail !== '' && { detail },
      ...event !== undefined && event !== '' && { event },
      ...wireCode !== undefined && { wireCode }
    }
  }
  switch (exit.kind) {
    case 'done': return { code: behavior === 'stream' ? 'stream/closed' : 'actor/done', path }
    case 'crashed':
    case 'start-failed': return { code: crashes[behavior ?? ''] ?? 'actor/crashed', path, initiator: 'local', ...about(exit) }
    case 'killed': return exit.reason === 'operator' ? { code: 'actor/killed', path, initiator: 'user', event: 'inspect.kill', ...errorDetail(exit.error) } : { code: 'actor/stopped', path, initiator: 'local', detail: exit.reason ?? '' }
    case 'stopped': return stopped(exit, path)
  }
}

function stopped ({ reason = '' }: PlainExit, path: string): Found {
  if (reason === 'system-stop') return { code: 'user/stopped', path, initiator: 'user', event: 'stop' }
  // The dialer names what those who waited were told.
  if (isErrorCode(reason)) return { code: reason, path }
  return { code: 'actor/stopped', path, initiator: 'local', event: 'stop', detail: reason }
}

/** Whose crash each is, by kind of actor. */
const crashes: Readonly<Record<string, ErrorCode>> = {
  connection: 'connection/crashed', streams: 'connection/crashed', upgrade: 'upgrade/crashed', stream: 'stream/crashed', handler: 'handler/crashed'
}

/** Where it threw, and what. */
function about ({ at = 'start', error, message = at }: PlainExit): Partial<Found> {
  return { event: message, ...errorDetail(error) }
}

function errorDetail (error: PlainError | undefined): Partial<Found> {
  return error === undefined ? {} : { detail: error.name === 'thrown' ? error.message : `${error.name}: ${error.message}` }
}

function toldBy ({ kind, output }: PlainExit): Told | undefined {
  if (kind !== 'done' || typeof output !== 'object' || output === null) return undefined
  const { code } = output as { readonly code?: unknown }
  if (typeof code !== 'string') return undefined
  return { ...output as unknown as Told, code: isErrorCode(code) ? code : 'stream/reset' }
}
