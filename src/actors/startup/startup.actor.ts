/**
 * The warm start: known good peers first. Nobody waits for it; it ends when the last dial has.
 *
 * It waits for the node to listen: so whom it dials hears where we are, and whoever has made the node hears how it went.
 */
import type { PeerInfo, PeerStoreMessage, PeerStoreReply } from '../../messages/peer-store.js'
import type { StartupEvent, StartupMessage } from '../../messages/startup.js'
import type { ConnectOutcome, SwarmMessage } from '../../messages/swarm.js'
import type { Behavior } from '../../runtime/behavior/behavior.js'
import type { Out } from '../../runtime/behavior/out.js'
import { reducer } from '../../runtime/behavior/reducer.js'
import type { ActorRef } from '../../runtime/ref.js'

export interface StartupInput {
  /** Named refs. */
  readonly peerStore: ActorRef<PeerStoreMessage>
  readonly swarm: ActorRef<SwarmMessage>
  /** How many peers, how many of them at a time, and for how long each, in milliseconds. */
  readonly redial: number
  readonly concurrency: number
  readonly timeoutMs: number
  /** Whether the node had begun: then a new startup in the place of one that crashed waits for nobody. */
  readonly begun: boolean
}

interface Startup {
  readonly input: StartupInput
  readonly begun: boolean
  readonly waiting: readonly PeerInfo[]
  readonly tried: number
  readonly dialing: number
  readonly connected: number
}

interface StartupEffects {
  ask: StartupInput
  connect: { readonly input: StartupInput, readonly peer: PeerInfo }
}

/** Its datastore may have to be read first. */
const answerMs = 30_000

export const startup: Behavior<StartupMessage, StartupInput, Startup> = reducer({
  name: 'startup',
  initial (input: StartupInput, out: Out<StartupEffects>): Startup {
    if (input.begun) out.do('ask', input)
    return { input, begun: input.begun, waiting: [], tried: 0, dialing: 0, connected: 0 }
  },
  step (state, message: StartupMessage, out: Out<StartupEffects>): Startup {
    switch (message.type) {
      case 'startup.begin':
        if (state.begun) return state
        out.do('ask', state.input)
        return { ...state, begun: true }
      case 'peer-store.peers': return goOn({ ...state, waiting: message.peers }, out)
      case 'connect.done': return goOn({ ...state, dialing: state.dialing - 1, connected: state.connected + 1 }, out)
      case 'connect.failed': return goOn({ ...state, dialing: state.dialing - 1 }, out)
      case 'startup.unanswered': return goOn(message.peer === undefined ? state : { ...state, dialing: state.dialing - 1 }, out)
      default: return state
    }
  },
  effects: {
    ask (actor, { peerStore, redial }) {
      actor.ask<PeerStoreReply, PeerStoreMessage>(peerStore, replyTo => ({ type: 'peer-store.good', id: actor.path, limit: redial, replyTo }), {
        done: reply => reply,
        failed: () => ({ type: 'startup.unanswered' }),
        timeoutMs: answerMs
      })
    },
    connect (actor, { input: { swarm, timeoutMs }, peer: { peer } }) {
      // Without addresses: the peer store is asked for what it knows by then.
      actor.ask<ConnectOutcome, SwarmMessage>(swarm, replyTo => ({ type: 'swarm.connect', id: `startup-${peer.toString()}`, to: { peer, addresses: [] }, deadline: actor.now() + timeoutMs, replyTo }), {
        done: outcome => outcome,
        failed: () => ({ type: 'startup.unanswered', peer }),
        timeoutMs: timeoutMs + lateMs
      })
    }
  },
  describe: ({ waiting, dialing, connected }) => ({ waiting: waiting.length, dialing, connected })
})

/** After the deadline that the swarm keeps. */
const lateMs = 1000

function goOn (state: Startup, out: Out<StartupEffects>): Startup {
  const { input, waiting, dialing } = state
  const next = waiting.slice(0, Math.max(input.concurrency - dialing, 0))
  for (const peer of next) out.do('connect', { input, peer })
  const after = { ...state, waiting: waiting.slice(next.length), dialing: dialing + next.length, tried: state.tried + next.length }
  if (after.dialing > 0) return after
  const event: StartupEvent = { type: 'startup.done', tried: after.tried, connected: after.connected }
  out.emit(event)
  out.done()
  return after
}
