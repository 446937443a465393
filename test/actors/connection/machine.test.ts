/** What a connection does in each state with each message: the whole table, by the reference and by the compiled twin. */
import { expect } from 'chai'
import { connectionEffects, connectionMachine, type ConnectionBody } from '../../../src/actors/connection/connection.machine.js'
import type { ConnectionMessage } from '../../../src/messages/connection.js'
import type { Behavior } from '../../../src/runtime/behavior/behavior.js'
import { compiledBehavior } from '../../../src/runtime/behavior/compile.js'
import { machineBehavior } from '../../../src/runtime/behavior/machine.js'
import { noting, tableOf } from '../support/machine-table.js'
import { memoryLinks } from '../support/memory-muxed-link.js'
import { bob, keyOf } from '../support/streams-stage.js'

const down = (path: string): ConnectionMessage => ({ type: 'connection.child-down', down: { path, exit: { kind: 'done', output: undefined } } })

const messages: Readonly<Record<string, ConnectionMessage>> = {
  'done': { type: 'upgrade.done', handle: memoryLinks()[0], peer: bob, remoteKey: keyOf(bob), security: '/s', muxer: '/m' },
  'failed': { type: 'upgrade.failed', failure: { code: 'upgrade/no-muxer' } },
  'upgrade down': down('/node/connections/1/upgrade'),
  'streams down': down('/node/connections/1/streams'),
  'swarm down': down('/node/network/swarm'),
  'accepted': { type: 'connection.accepted' },
  'refused': { type: 'connection.refused', failure: { code: 'connection/gated' } },
  'open': { type: 'stream.open', id: '1', protocols: ['/x'], negotiation: 'auto', deadline: 1, replyTo: { tell: () => true } },
  'identified': { type: 'connection.identified', protocols: [] },
  'close': { type: 'connection.close', code: 'connection/trimmed', initiator: 'local' },
  'close in 5': { type: 'connection.close', code: 'connection/trimmed', initiator: 'local', graceMs: 5 },
  'close at once': { type: 'connection.close', code: 'connection/trimmed', initiator: 'local', graceMs: 0 },
  'reset': { type: 'connection.reset', code: 'connection/reset', initiator: 'user' },
  'going-away': { type: 'link.going-away', code: 'connection/closed' },
  'refused-stream': { type: 'link.refused-stream', code: 'limit/streams' },
  'pong': { type: 'link.pong', rttMs: 1 },
  'link closed': { type: 'link.closed', code: 'connection/timeout', text: '', initiator: 'remote' },
  'verdict-timeout': { type: 'connection.verdict-timeout' },
  'close-timeout': { type: 'connection.close-timeout' },
  'keep-alive': { type: 'connection.keep-alive' },
  'pong-timeout': { type: 'connection.pong-timeout' },
  'stop': { type: 'connection.stop' }
}

const always = (state: string): Record<string, string> => ({
  [`${state} reset`]: 'closed, conclude connection/reset',
  [`${state} link closed`]: 'closed, conclude connection/timeout'
})

describe('machine of a connection', () => {
  for (const driver of [machineBehavior, compiledBehavior] as const) {
    it(`does in each state what the table says, by ${driver.name}`, () => {
      const behavior = driver('connection', connectionMachine, connectionEffects, noting(connectionEffects)) as Behavior<ConnectionMessage, ConnectionBody>
      const open = ['done', 'accepted']
      const ways = { upgrading: [], deciding: ['done'], open, closing: [...open, 'close'], flushing: ['done', 'refused'] }
      expect(tableOf(behavior, () => ({ graceMs: 1000 }), messages, ways)).to.deep.equal({
        ...always('upgrading'),
        'upgrading done': 'deciding, secure',
        'upgrading failed': 'closed, conclude upgrade/no-muxer',
        'upgrading upgrade down': 'closed, conclude connection/crashed',
        'upgrading streams down': 'closed, conclude connection/crashed',
        'upgrading swarm down': 'closed, conclude connection/crashed',
        'upgrading open': 'upgrading, refuseStream',
        'upgrading close': 'closed, conclude connection/trimmed',
        'upgrading close in 5': 'closed, conclude connection/trimmed',
        'upgrading close at once': 'closed, conclude connection/trimmed',
        'upgrading stop': 'closed, conclude connection/shutdown',
        ...always('deciding'),
        'deciding accepted': 'open, open',
        'deciding refused': 'flushing, flush connection/gated',
        'deciding swarm down': 'flushing, flush actor/down',
        'deciding verdict-timeout': 'flushing, flush actor/timeout',
        'deciding open': 'deciding, refuseStream',
        'deciding close': 'flushing, flush connection/trimmed',
        'deciding close in 5': 'flushing, flush connection/trimmed',
        'deciding close at once': 'flushing, flush connection/trimmed',
        'deciding stop': 'flushing, flush connection/shutdown',
        ...always('open'),
        'open open': 'open, openStream',
        'open identified': 'open, learn',
        'open keep-alive': 'open, ping',
        'open pong': 'open, pong',
        'open pong-timeout': 'flushing, flush connection/timeout',
        'open refused-stream': 'open, noteRefused',
        'open streams down': 'flushing, flush connection/crashed',
        'open going-away': 'closing, drain',
        'open close': 'closing, drain 1000',
        'open close in 5': 'closing, drain 5',
        'open close at once': 'flushing, flush connection/trimmed',
        'open stop': 'closing, drain 1000',
        'closing reset': 'closed, conclude connection/reset',
        'closing link closed': 'closed, conclude connection/trimmed',
        'closing open': 'closing, refuseStream',
        'closing keep-alive': 'closing, ping',
        'closing pong': 'closing, pong',
        'closing pong-timeout': 'flushing, flush connection/timeout',
        'closing streams down': 'flushing, flush connection/crashed',
        'closing close': 'closing, hurry 1000',
        'closing close in 5': 'closing, hurry 5',
        'closing close at once': 'closing, hurry 0',
        'closing close-timeout': 'flushing, flush connection/trimmed',
        'closing stop': 'closing, hurry 1000',
        'flushing reset': 'closed, conclude connection/reset',
        'flushing link closed': 'closed, conclude connection/gated',
        'flushing open': 'flushing, refuseStream',
        'flushing close-timeout': 'closed, conclude connection/gated'
      })
    })
  }
})
