/** What streams and handlers do in each state with each message: the whole tables, by the reference and by the compiled twin. */
import { expect } from 'chai'
import { handlerEffects, handlerMachine } from '../../../src/actors/stream/handler.machine.js'
import { streamEffects, streamMachine, type StreamBody } from '../../../src/actors/stream/stream.machine.js'
import type { HandlerMessage, StreamMessage } from '../../../src/messages/stream.js'
import type { Behavior } from '../../../src/runtime/behavior/behavior.js'
import { compiledBehavior } from '../../../src/runtime/behavior/compile.js'
import { machineBehavior } from '../../../src/runtime/behavior/machine.js'
import type { Exit } from '../../../src/runtime/exit.js'
import { noting, tableOf } from '../support/machine-table.js'

const down = (exit: Exit): StreamMessage => ({ type: 'stream.handler-down', down: { path: '/handler', exit } })

const streamMessages: Readonly<Record<string, StreamMessage>> = {
  'selected': { type: 'stream.selected' },
  'unnegotiated': { type: 'stream.unnegotiated', failure: { code: 'limit/streams' } },
  'remote-ended': { type: 'stream.remote-ended' },
  'local-ended': { type: 'stream.local-ended' },
  'finished': { type: 'stream.finished' },
  'reset': { type: 'stream.reset', reset: { code: 'stream/reset', initiator: 'remote' } },
  'handler done': down({ kind: 'done', output: undefined }),
  'handler crashed': down({ kind: 'crashed', at: 'task', error: 0 }),
  'handler not started': down({ kind: 'start-failed', error: 0 }),
  'handler killed': down({ kind: 'killed', reason: 'operator' }),
  'negotiation-timeout': { type: 'stream.negotiation-timeout' },
  'idle-check': { type: 'stream.idle-check' }
}

const always = (state: string): Record<string, string> => ({
  [`${state} unnegotiated`]: 'reset, refuse limit/streams',
  [`${state} reset`]: 'reset',
  [`${state} handler done`]: 'reset, abandon stream/reset',
  [`${state} handler crashed`]: 'reset, abandon handler/crashed',
  [`${state} handler not started`]: 'reset, abandon handler/crashed',
  [`${state} handler killed`]: 'reset, abandon stream/shutdown',
  [`${state} negotiation-timeout`]: `${state}, expire`,
  [`${state} idle-check`]: `${state}, checkIdle`
})

const handlerMessages: Readonly<Record<string, HandlerMessage>> = {
  'returned': { type: 'handler.returned' },
  'interrupted': { type: 'handler.interrupted', code: 'stream/ended', found: true },
  'stream-over': { type: 'handler.stream-over' },
  'drain-timeout': { type: 'handler.drain-timeout' }
}

for (const driver of [machineBehavior, compiledBehavior] as const) {
  describe(`machines of streams, by ${driver.name}`, () => {
    const body: StreamBody = { finished: false, handled: false, owesAnswer: false }
    const stream = driver('stream', streamMachine, streamEffects, noting(streamEffects)) as Behavior<StreamMessage, StreamBody>
    const ways = { negotiating: [], open: ['selected'], remoteEnded: ['selected', 'remote-ended'], localEnded: ['selected', 'local-ended'] }

    it('a stream does in each state what the table says', () => {
      expect(tableOf(stream, () => body, streamMessages, ways)).to.deep.equal({
        ...always('negotiating'),
        'negotiating selected': 'open, start',
        ...always('open'),
        'open remote-ended': 'remoteEnded',
        'open local-ended': 'localEnded',
        ...always('remoteEnded'),
        'remoteEnded finished': 'closed',
        ...always('localEnded'),
        'localEnded finished': 'closed'
      })
    })

    it('a stream with a handler waits for that, and is closed by its end', () => {
      const seen = tableOf(stream, () => ({ ...body, handled: true, finished: true }), streamMessages, { remoteEnded: ways.remoteEnded, ended: [...ways.remoteEnded, 'finished'] })
      expect(seen).to.deep.include({
        'remoteEnded finished': 'ended, tellOver',
        'ended handler done': 'closed',
        'ended handler crashed': 'closed',
        'ended handler killed': 'closed',
        'ended reset': 'reset'
      })
    })

    it('a stream that owes an answer gives it first', () => {
      const seen = tableOf(stream, () => ({ ...body, owesAnswer: true }), streamMessages, { negotiating: [], refused: ['unnegotiated'] })
      expect(seen).to.deep.include({
        'negotiating unnegotiated': 'refused, answerNo',
        'refused finished': 'closed',
        'refused reset': 'reset',
        'refused negotiation-timeout': 'reset, abandon stream/timeout'
      })
    })

    it('a handler does in each state what the table says', () => {
      const handler = driver('handler', handlerMachine, handlerEffects, noting(handlerEffects)) as Behavior<HandlerMessage, { readonly finished: boolean }>
      const table = {
        'running returned': 'draining, drain',
        'running interrupted': 'done, reset stream/ended',
        'draining stream-over': 'done',
        'draining drain-timeout': 'draining, drainOn'
      }
      expect(tableOf(handler, () => ({ finished: false }), handlerMessages, { running: [], draining: ['returned'] })).to.deep.equal(table)
      expect(tableOf(handler, () => ({ finished: true }), handlerMessages, { running: [], draining: ['returned'] })).to.deep.equal({ ...table, 'draining drain-timeout': 'done' })
    })
  })
}
