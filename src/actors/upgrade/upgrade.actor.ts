/**
 * Upgrades a raw link: `/node/connections/<n>/upgrade`, one per link, gone when it is done.
 *
 * The machine says which phase comes next, the path runs it on the link. The link stays the connection's all the time: an
 * upgrade that ends early, however it ends, only stops listening to it.
 */
import { failureError, failureOf, type Failure } from '../../messages/failure.js'
import type { UpgradeInput, UpgradeMessage } from '../../messages/upgrade.js'
import { compiledBehavior } from '../../runtime/behavior/compile.js'
import type { Behavior } from '../../runtime/behavior/behavior.js'
import type { ActorContext } from '../../runtime/context.js'
import type { Link } from '../contract/link.js'
import type { WrapSecurity } from '../contract/security.js'
import { upgradeEffects, upgradeMachine } from './upgrade.machine.js'
import { completeUpgradeOptions, type UpgradeOptions } from './upgrade-options.js'
import { UpgradePath, type UpgradeListener } from './upgrade-path.js'

type Actor = ActorContext<UpgradeMessage>
type Wrapped = Awaited<ReturnType<WrapSecurity['secure']>>

/**
 * The behaviour of all upgrades of a node. Spawned with an `UpgradeInput`, it tells its `replyTo` one `UpgradeOutcome` and ends.
 *
 * @throws TypeError or RangeError for a wrong option
 */
export function upgrade (given: UpgradeOptions): Behavior<UpgradeMessage, UpgradeInput> {
  const options = completeUpgradeOptions(given)
  const paths = new WeakMap<Actor, UpgradePath>()
  const pathOf = (actor: Actor): UpgradePath => {
    const path = paths.get(actor)
    if (path === undefined) throw new Error('upgrade: it has not begun')
    return path
  }

  return compiledBehavior('upgrade', upgradeMachine, upgradeEffects, {
    begin (actor, input) {
      const path = actor.own(new UpgradePath(actor, options, input, listenerOf(actor, options, input)))
      paths.set(actor, path)
      // The dead are remembered for a while, and would keep link and keys with them.
      actor.own({ [Symbol.dispose]: () => { paths.delete(actor) } })
      actor.timer('deadline', Math.max(0, input.deadline - actor.now()), { type: 'upgrade.timeout' })
      path.negotiateSecurity()
    },
    handshake (actor, { input, protocol }) {
      const wrap = pathOf(actor).handshake(protocol)
      if (wrap === undefined) return
      actor.task(async ({ signal }) => gated(actor, options, input.link, await wrap(signal)), {
        done: ({ link, muxer, remoteKey, remotePeer }) => ({ type: 'upgrade.wrapped', handle: link, secured: { muxer, remoteKey, remotePeer } }),
        failed: error => ({ type: 'upgrade.broken', failure: { path: actor.path, ...failureOf(error, 'upgrade/handshake-failed') } })
      })
    },
    useWrapped (actor, { link, secured }) {
      pathOf(actor).useWrapped(actor.own(link), secured)
    },
    negotiateMuxer (actor) {
      pathOf(actor).negotiateMuxer()
    },
    succeed (actor, { input, muxer, security }) {
      const { failure } = pathOf(actor)
      if (failure !== undefined) {
        // The link broke behind the last word of the upgrade, and the news of that still waits. Nobody would tell the connection.
        input.replyTo.tell({ type: 'upgrade.failed', failure: { ...failure, event: 'upgrade.broken' } })
        return
      }
      const { link, path, secured: { remoteKey, remotePeer } } = pathOf(actor).finish(muxer)
      // The path's from here on.
      actor.disown(link)
      input.replyTo.tell({ type: 'upgrade.done', handle: path, peer: remotePeer, remoteKey, security, muxer })
    },
    fail (actor, { failure, input }) {
      pathOf(actor).abandon()
      input.replyTo.tell({ type: 'upgrade.failed', failure: { path: actor.path, ...failure } })
    }
  })
}

/** What a wrap has secured, once the gate has let it through. */
async function gated (actor: Actor, { gate }: UpgradeOptions, { direction, remoteMultiaddr }: Link, wrapped: Wrapped): Promise<Wrapped> {
  const { link, remotePeer } = wrapped
  const refusal = await new Promise<Failure | undefined>(resolve => {
    if (gate === undefined) resolve(undefined)
    else gate.secured(actor, { peer: remotePeer, direction, remoteAddress: remoteMultiaddr }, resolve)
  })
  if (refusal === undefined) return wrapped
  link[Symbol.dispose]()
  throw failureError(refusal)
}

function listenerOf (actor: Actor, { gate }: UpgradeOptions, { link }: UpgradeInput): UpgradeListener {
  return {
    onSelected: (purpose, protocol) => { actor.self.tell({ type: 'upgrade.selected', purpose, protocol }) },
    onSecured: secured => {
      if (gate === undefined) {
        actor.self.tell({ type: 'upgrade.secured', secured })
        return
      }
      const { direction, remoteMultiaddr } = link
      gate.secured(actor, { peer: secured.remotePeer, direction, remoteAddress: remoteMultiaddr }, refusal => {
        actor.self.tell(refusal === undefined ? { type: 'upgrade.secured', secured } : { type: 'upgrade.broken', failure: refusal })
      })
    },
    onBroken: failure => { actor.self.tell({ type: 'upgrade.broken', failure }) }
  }
}
