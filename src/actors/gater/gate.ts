/**
 * The gate of a node: its lists, then the user's gater. The gater is user code, so it is asked under guard: one that throws, rejects
 * or does not answer in time has refused, which is logged, and nobody is charged for it: neither the address backs off nor does
 * the remote lose anything.
 */
import type { ConnectionInfo } from '../../messages/connection.js'
import type { ErrorCode } from '../../messages/errors.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import type { Gate, GateAnswer, GateAsker, SecuredRemote } from '../contract/gate.js'
import type { AccessLists } from './access-lists.core.js'

/** True lets it through. Anything else refuses; a text says why, to the log and to `why`, never to the remote. */
export type GateVerdict = boolean | string

/**
 * Decides whom the node has to do with, by phase; each gate may be left out, and may take its time (`limits.gateMs`), in which the
 * remote waits. Gates run in the process of the node: one that loops for ever holds up everything, as any code would.
 */
export interface ConnectionGater {
  /** Before anything is done to reach this peer; its addresses are not resolved yet. */
  readonly beforeDialPeer?: (peer: PeerId) => GateVerdict | Promise<GateVerdict>
  /** Before a socket is opened to this address. `peer` is whom the dial expects there, if it says. */
  readonly beforeDialAddress?: (address: Multiaddr, peer: PeerId | undefined) => GateVerdict | Promise<GateVerdict>
  /** Somebody has connected, and nothing has been read of him yet. */
  readonly onAccept?: (remoteAddress: Multiaddr) => GateVerdict | Promise<GateVerdict>
  /** The handshake has proven who it is; no muxer yet. */
  readonly afterSecure?: (peer: PeerId, remote: SecuredRemote) => GateVerdict | Promise<GateVerdict>
  /** Before the connection is taken in, and streams come. */
  readonly afterUpgrade?: (peer: PeerId, info: ConnectionInfo) => GateVerdict | Promise<GateVerdict>
}

export const gateNames: readonly (keyof ConnectionGater)[] = ['beforeDialPeer', 'beforeDialAddress', 'onAccept', 'afterSecure', 'afterUpgrade']

export interface GateOptions {
  readonly lists: AccessLists
  readonly gater: ConnectionGater
  /** How long a gate may take, in milliseconds. */
  readonly gateMs: number
}

export class NodeGate implements Gate {
  private readonly options: GateOptions

  constructor (options: GateOptions) {
    this.options = options
  }

  dialPeer (asker: GateAsker, peer: PeerId, answer: GateAnswer): void {
    const { gater, lists } = this.options
    this.ask(asker, 'dial/gated', 'beforeDialPeer', lists.refusesPeer(peer), gater.beforeDialPeer && (() => gater.beforeDialPeer?.(peer)), answer)
  }

  dialAddress (asker: GateAsker, address: Multiaddr, peer: PeerId | undefined, answer: GateAnswer): void {
    const { gater, lists } = this.options
    this.ask(asker, 'dial/gated', 'beforeDialAddress', lists.refusesAddress(address), gater.beforeDialAddress && (() => gater.beforeDialAddress?.(address, peer)), answer)
  }

  accept (asker: GateAsker, remoteAddress: Multiaddr, answer: GateAnswer): void {
    const { gater, lists } = this.options
    this.ask(asker, 'connection/gated', 'onAccept', lists.refusesAddress(remoteAddress), gater.onAccept && (() => gater.onAccept?.(remoteAddress)), answer)
  }

  secured (asker: GateAsker, remote: SecuredRemote, answer: GateAnswer): void {
    const { gater, lists } = this.options
    this.ask(asker, 'upgrade/gated', 'afterSecure', lists.refusesPeer(remote.peer), gater.afterSecure && (() => gater.afterSecure?.(remote.peer, remote)), answer)
  }

  upgraded (asker: GateAsker, info: ConnectionInfo, answer: GateAnswer): void {
    const { gater, lists } = this.options
    // Lists may have changed since.
    this.ask(asker, 'connection/gated', 'afterUpgrade', lists.refusesPeer(info.peer), gater.afterUpgrade && (() => gater.afterUpgrade?.(info.peer, info)), answer)
  }

  private ask (asker: GateAsker, code: ErrorCode, gate: keyof ConnectionGater, listed: string | undefined, verdict: (() => unknown) | undefined, answer: GateAnswer): void {
    if (listed !== undefined) return answer({ code, detail: listed })
    if (verdict === undefined) return answer(undefined)
    const decide = (given: unknown): void => {
      answer(given === true ? undefined : { code, detail: typeof given === 'string' ? `${gate}: ${given}` : gate })
    }
    const failed = (error: unknown): void => {
      asker.log('error', `the gater's ${gate} has failed, which refuses`, { error })
      answer({ code, detail: `${gate} failed` })
    }
    let given: unknown
    try {
      given = verdict()
    } catch (error) {
      return failed(error)
    }
    if (!isPromise(given)) return decide(given)
    this.wait(asker, gate, given, decide, failed)
  }

  private wait (asker: GateAsker, gate: keyof ConnectionGater, given: PromiseLike<unknown>, decide: (given: unknown) => void, failed: (error: unknown) => void): void {
    let open = true
    const once = <T>(then: (value: T) => void) => asker.io((value: T) => {
      if (!open) return
      open = false
      alarm[Symbol.dispose]()
      then(value)
    })
    const alarm = asker.alarm(this.options.gateMs, () => { late(new Error(`${gate} gave no answer within ${this.options.gateMs} ms`)) })
    const late = once(failed)
    given.then(once(decide), once(failed))
  }
}

/** For those that stand alone, in tests: everybody may pass. */
export const openGate: Gate = {
  dialPeer: (_, __, answer) => { answer(undefined) },
  dialAddress: (_, __, ___, answer) => { answer(undefined) },
  accept: (_, __, answer) => { answer(undefined) },
  secured: (_, __, answer) => { answer(undefined) },
  upgraded: (_, __, answer) => { answer(undefined) }
}

function isPromise (value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
