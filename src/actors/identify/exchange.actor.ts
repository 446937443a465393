import { NetworkError } from '../../messages/errors.js'
import { failureOf } from '../../messages/failure.js'
import type { ExchangeKind, IdentifyExchangeInput, IdentifyExchangeMessage } from '../../messages/identify.js'
import { identifyProtocol, identifyPushProtocol } from '../../messages/wire/identify.js'
import type { Behavior } from '../../runtime/behavior/behavior.js'
import { compiledBehavior } from '../../runtime/behavior/compile.js'
import type { Stream } from '../contract/stream.js'
import type { Board } from './board.js'
import { exchangeEffects, exchangeMachine } from './exchange.machine.js'
import { receiveIdentify } from './receive.js'
import type { Verify } from './verify.core.js'

export interface ExchangeOptions {
  readonly verify: Verify
  readonly board: Board
  readonly timeoutMs: number
}

const protocolOf: Readonly<Record<ExchangeKind, string>> = { identify: identifyProtocol, push: identifyPushProtocol }

/** One exchange: `/node/protocols/identify/<n>`. Tells the service how it went, and ends. */
export function exchange ({ verify, board, timeoutMs }: ExchangeOptions): Behavior<IdentifyExchangeMessage, IdentifyExchangeInput> {
  return compiledBehavior('identify-exchange', exchangeMachine, exchangeEffects, {
    open (actor, { kind, connection }) {
      actor.timer('deadline', timeoutMs, { type: 'exchange.timeout' })
      const asked = connection.tell({
        type: 'stream.open',
        id: kind,
        protocols: [protocolOf[kind]],
        // Nothing is won by being lazy: we wait for the remote's bytes either way, and a refusal is told apart.
        negotiation: 'eager',
        deadline: actor.now() + timeoutMs,
        // Where a relayed connection leads is what one wants to know most.
        onLimitedConnection: true,
        replyTo: actor.self
      })
      const closed: IdentifyExchangeMessage = { type: 'stream.failed', id: kind, failure: { code: 'stream/connection-closed' } }
      if (asked) actor.watch(connection, () => closed)
      else actor.self.tell(closed)
    },

    transfer (actor, { exchange: { kind, info }, handle }) {
      const stream = actor.own(handle)
      actor.task<IdentifyExchangeMessage>(
        async ({ signal }) => kind === 'push'
          ? await send(stream, (await board.read(signal)).messageFor(info.remoteAddress))
          : await ask(stream, verify, signal),
        { done: message => message, failed: broken }
      )
    },

    succeed (_actor, { exchange: { service }, result }) {
      service.tell({ type: 'identify.succeeded', result })
    },

    fail (_actor, { exchange: { service, kind, info: { path, peer } }, failure }) {
      service.tell({ type: 'identify.failed', kind, connection: path, peer, failure })
    }
  })
}

async function ask (stream: Stream, verify: Verify, signal: AbortSignal): Promise<IdentifyExchangeMessage> {
  const result = await receiveIdentify(stream, verify, signal)
  if ('code' in result) return { type: 'exchange.failed', failure: result }
  try {
    // Not earlier: js loses an end that comes before its handler.
    await stream.close()
  } catch (error) {
    // What was to be heard has been heard.
    broken(error)
  }
  return { type: 'exchange.read', result }
}

async function send (stream: Stream, message: Uint8Array): Promise<IdentifyExchangeMessage> {
  await stream.writePrefixed(message)
  await stream.close()
  // It is over when the remote has ended its side too: a reset before that could overtake the message.
  while (await stream.read() !== null);
  return { type: 'exchange.sent' }
}

/** The stream broke. Anything else is a bug of ours, and crashes the exchange. */
function broken (error: unknown): IdentifyExchangeMessage {
  if (!(error instanceof NetworkError)) throw error
  return { type: 'exchange.failed', failure: failureOf(error, 'stream/reset') }
}
