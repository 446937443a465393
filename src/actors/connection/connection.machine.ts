/**
 * One connection: `/node/connections/<n>`. It owns its link from accept or dial on, to the end (design 1.15).
 *
 *     upgrading --done--> deciding --accepted--> open --close, stop, remote goes away--> closing --streams ended--> closed
 *         |                  |                    |                                         | grace over
 *         |                  +--refused-----------|-------> flushing <----------------------+
 *         |                                       |             | link closed, or time is up
 *         +--failed, crashed, reset, stopped------+-------------+---> closed
 *
 * *Deciding*: secured and muxed, and the swarm has not said yet whether it takes it in; no stream comes before that. *Closing*: no
 * new streams, those that are open may end. *Flushing*: the remote is being told why, and nothing else is waited for.
 *
 * Deadlines: of `upgrading` the upgrade's own; of `deciding` `verdictMs`; of `closing` the grace, unless it is the remote who
 * wants no more streams: then the pings go on, and whoever does not answer is given up; of `flushing` `flushMs`. Open is for ever.
 */
import { assign, setup } from 'xstate'
import type { Failure } from '../../messages/failure.js'
import { effects } from '../../runtime/behavior/effects.js'
import type { ConnectionMessage } from '../../messages/connection.js'
import type { ErrorCode, ErrorInitiator } from '../../messages/errors.js'

/** What the actor holds; the machine hands it on, no more. */
export interface ConnectionBody {
  /** How long it may take to close when nobody says, in milliseconds. */
  readonly graceMs: number
}

/** Why it ended, or is about to: the actor's output, for `why`. */
export interface ConnectionEnd {
  readonly code: ErrorCode
  readonly initiator: ErrorInitiator
  readonly text: string
  /** Type of the message that decided it. */
  readonly event: string
  /** The actor that found it out, where it is another. */
  readonly path?: string
  /** The number that the remote sent with it. */
  readonly wireCode?: number
}

interface ConnectionContext {
  readonly body: ConnectionBody
  readonly end: ConnectionEnd
}

type Of<T extends ConnectionMessage['type']> = Extract<ConnectionMessage, { readonly type: T }>
interface With<T extends ConnectionMessage['type']> { readonly body: ConnectionBody, readonly event: Of<T> }
interface Ending { readonly body: ConnectionBody, readonly end: ConnectionEnd }

interface ConnectionEffects {
  /** Spawns the upgrade. */
  upgrade: ConnectionBody
  /** Takes the muxed link, moves the lease to the peer, asks the swarm. */
  secure: With<'upgrade.done'>
  /** Spawns the streams, lets the link begin, tells who waits for it. */
  open: ConnectionBody
  openStream: With<'stream.open'>
  refuseStream: With<'stream.open'>
  report: With<'connection.report'>
  learn: With<'connection.identified'>
  ping: ConnectionBody
  pong: ConnectionBody
  noteRefused: With<'link.refused-stream'>
  /** Lets the streams end, for at most so long. */
  drain: { readonly body: ConnectionBody, readonly graceMs: number | undefined }
  hurry: { readonly body: ConnectionBody, readonly graceMs: number | undefined }
  /** Tells the remote, at once. */
  flush: Ending
  /** Tells everybody who is owed it. */
  conclude: Ending
}

export const connectionEffects = effects<ConnectionEffects>({
  upgrade: true, secure: true, open: true, openStream: true, refuseStream: true, report: true, learn: true, ping: true, pong: true,
  noteRefused: true, drain: true, hurry: true, flush: true, conclude: true
})

const types = {} as { context: ConnectionContext, events: ConnectionMessage, input: ConnectionBody, output: ConnectionEnd }

/** The end that a failure means. */
function endOf ({ failure, type }: Of<'upgrade.failed' | 'connection.refused'>, usual: ErrorInitiator): ConnectionEnd {
  const { code, detail, event, initiator, path, wireCode } = failure
  return { code, initiator: initiator ?? usual, text: detail ?? '', event: event ?? type, ...path !== undefined && { path }, ...wireCode !== undefined && { wireCode } }
}

/** The end that was asked for, or that the link tells of. */
function asked ({ code, initiator, text = '', type, wireCode }: (Of<'connection.close' | 'connection.reset'> & { readonly text?: string, readonly wireCode?: number }) | Of<'link.closed'>): ConnectionEnd {
  return { code, initiator, text, event: type, ...wireCode !== undefined && { wireCode } }
}

const crashed = (path: string): ConnectionEnd => ({ code: 'connection/crashed', initiator: 'local', text: `${path} has ended`, event: 'connection.child-down', path })
/** One for all that live. */
const notYet: ConnectionEnd = { code: 'connection/closed', initiator: 'local', text: '', event: '' }
const stopped: ConnectionEnd = { code: 'connection/shutdown', initiator: 'local', text: '', event: 'connection.stop' }

const refuseStream = { actions: { type: 'refuseStream', params: ({ context, event }: { context: ConnectionContext, event: Of<'stream.open'> }) => ({ body: context.body, event }) } } as const

const report = { actions: { type: 'report', params: ({ context, event }: { context: ConnectionContext, event: Of<'connection.report'> }) => ({ body: context.body, event }) } } as const

/** Whoever had it made has ended, and may have said why. */
function unwanted ({ down: { exit, path }, type }: Of<'connection.opener-down'>): ConnectionEnd {
  const end: ConnectionEnd = { code: 'user/aborted', initiator: 'user', text: 'nobody waits for this dial any more', event: type, path }
  const told = exit.kind === 'done' ? exit.output as Failure | undefined : undefined
  return told === undefined ? end : { ...end, code: told.code, initiator: told.initiator ?? 'local' }
}

export const connectionMachine = setup({
  types,
  actions: { ...connectionEffects },
  guards: {
    isSwarm: (_, { path }: { readonly path: string }) => !path.endsWith('/streams') && !path.endsWith('/upgrade'),
    atOnce: ({ event }) => event.type === 'connection.close' && event.graceMs === 0,
    closesRemote: ({ context, event }) => context.end.initiator === 'remote' && event.type === 'link.closed' && event.initiator === 'remote',
    isStreams: (_, { path }: { readonly path: string }) => path.endsWith('/streams')
  }
}).createMachine({
  id: 'connection',
  context: ({ input }) => ({ body: input, end: notYet }),
  output: ({ context }) => context.end,
  initial: 'upgrading',
  on: {
    'connection.reset': { target: '.closed', actions: assign({ end: ({ event }) => asked(event) }) },
    'link.closed': { target: '.closed', actions: assign({ end: ({ event }) => asked(event) }) }
  },
  states: {
    upgrading: {
      entry: { type: 'upgrade', params: ({ context }) => context.body },
      on: {
        'upgrade.done': { target: 'deciding', actions: { type: 'secure', params: ({ context, event }) => ({ body: context.body, event }) } },
        'upgrade.failed': { target: 'closed', actions: assign({ end: ({ event }) => endOf(event, 'remote') }) },
        'connection.child-down': { target: 'closed', actions: assign({ end: ({ event }) => crashed(event.down.path) }) },
        'connection.close': { target: 'closed', actions: assign({ end: ({ event }) => asked(event) }) },
        'connection.stop': { target: 'closed', actions: assign({ end: stopped }) },
        'connection.opener-down': { target: 'closed', actions: assign({ end: ({ event }) => unwanted(event) }) },
        'stream.open': refuseStream
      }
    },
    deciding: {
      on: {
        'connection.accepted': 'open',
        'connection.refused': { target: 'flushing', actions: assign({ end: ({ event }) => endOf(event, 'local') }) },
        'connection.verdict-timeout': { target: 'flushing', actions: assign({ end: { code: 'actor/timeout', initiator: 'local', text: 'the swarm gave no verdict', event: 'connection.verdict-timeout' } }) },
        // The upgrade has done its work and goes; the swarm should not.
        'connection.child-down': {
          guard: { type: 'isSwarm', params: ({ event }) => event.down },
          target: 'flushing',
          actions: assign({ end: { code: 'actor/down', initiator: 'local', text: 'the swarm has ended', event: 'connection.child-down' } })
        },
        'connection.close': { target: 'flushing', actions: assign({ end: ({ event }) => asked(event) }) },
        'connection.stop': { target: 'flushing', actions: assign({ end: stopped }) },
        'connection.opener-down': { target: 'flushing', actions: assign({ end: ({ event }) => unwanted(event) }) },
        'connection.report': report,
        'stream.open': refuseStream
      }
    },
    open: {
      entry: { type: 'open', params: ({ context }) => context.body },
      on: {
        'stream.open': { actions: { type: 'openStream', params: ({ context, event }) => ({ body: context.body, event }) } },
        'connection.report': report,
        'connection.identified': { actions: { type: 'learn', params: ({ context, event }) => ({ body: context.body, event }) } },
        'connection.keep-alive': { actions: { type: 'ping', params: ({ context }) => context.body } },
        'link.pong': { actions: { type: 'pong', params: ({ context }) => context.body } },
        'connection.pong-timeout': { target: 'flushing', actions: assign({ end: { code: 'connection/timeout', initiator: 'local', text: 'a ping was not answered', event: 'connection.pong-timeout' } }) },
        'link.refused-stream': { actions: { type: 'noteRefused', params: ({ context, event }) => ({ body: context.body, event }) } },
        'link.going-away': {
          target: 'closing',
          actions: [
            assign({ end: ({ event: { code, type, wireCode } }) => ({ code, initiator: 'remote', text: 'the remote takes no more streams', event: type, ...wireCode !== undefined && { wireCode } }) }),
            { type: 'drain', params: ({ context }) => ({ body: context.body, graceMs: undefined }) }
          ]
        },
        'connection.child-down': {
          guard: { type: 'isStreams', params: ({ event }) => event.down },
          target: 'flushing',
          actions: assign({ end: ({ event }) => crashed(event.down.path) })
        },
        'connection.close': [
          { guard: 'atOnce', target: 'flushing', actions: assign({ end: ({ event }) => asked(event) }) },
          {
            target: 'closing',
            actions: [
              assign({ end: ({ event }) => asked(event) }),
              { type: 'drain', params: ({ context, event }) => ({ body: context.body, graceMs: event.graceMs ?? context.body.graceMs }) }
            ]
          }
        ],
        'connection.stop': {
          target: 'closing',
          actions: [assign({ end: stopped }), { type: 'drain', params: ({ context }) => ({ body: context.body, graceMs: context.body.graceMs }) }]
        }
      }
    },
    closing: {
      on: {
        'stream.open': refuseStream,
        'connection.report': report,
        'connection.keep-alive': { actions: { type: 'ping', params: ({ context }) => context.body } },
        'link.pong': { actions: { type: 'pong', params: ({ context }) => context.body } },
        'connection.pong-timeout': { target: 'flushing', actions: assign({ end: { code: 'connection/timeout', initiator: 'local', text: 'a ping was not answered', event: 'connection.pong-timeout' } }) },
        // It ends for the reason for which we have closed it. The remote may say more of its own.
        'link.closed': [
          { guard: 'closesRemote', target: 'closed', actions: assign({ end: ({ context, event }) => event.code === context.end.code ? context.end : asked(event) }) },
          { target: 'closed' }
        ],
        'connection.child-down': {
          guard: { type: 'isStreams', params: ({ event }) => event.down },
          target: 'flushing',
          actions: assign({ end: ({ event }) => crashed(event.down.path) })
        },
        'connection.close': {
          actions: { type: 'hurry', params: ({ context, event }) => ({ body: context.body, graceMs: event.graceMs ?? context.body.graceMs }) }
        },
        'connection.stop': { actions: { type: 'hurry', params: ({ context }) => ({ body: context.body, graceMs: context.body.graceMs }) } },
        'connection.close-timeout': 'flushing'
      }
    },
    flushing: {
      entry: { type: 'flush', params: ({ context }) => ({ body: context.body, end: context.end }) },
      on: {
        'stream.open': refuseStream,
        'link.closed': 'closed',
        'connection.close-timeout': 'closed'
      }
    },
    closed: {
      type: 'final',
      entry: { type: 'conclude', params: ({ context }) => ({ body: context.body, end: context.end }) }
    }
  }
})
