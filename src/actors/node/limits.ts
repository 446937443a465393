/**
 * All bounds of a node, by the name of their option, with their defaults: what `docs/limits.md` explains one by one. A test holds that
 * page to this table, and this table is made of the very defaults that hold.
 */
import { connectionDefaults } from '../connection/connection.actor.js'
import { backoffDefaults } from '../dialer/backoff.core.js'
import { dialerDefaults } from '../dialer/dialer.actor.js'
import { dialDelayDefaults } from '../dialer/rank.core.js'
import { yamuxDefaults } from '../muxer/yamux/yamux-options.js'
import { peerStoreAges, peerStoreDefaults } from '../peer-store/peer-limits.core.js'
import { protocolLimitDefaults } from '../protocol/protocol.js'
import { streamRateDefaults } from '../protocol/stream-rates.core.js'
import { admissionDefaults } from '../swarm/admission.core.js'
import { trimDefaults } from '../swarm/connection-manager.actor.js'
import { keepAlivePeersDefaults } from '../swarm/keep-alive.actor.js'
import { overloadDefaults } from '../swarm/overload.core.js'
import { defaultTimeouts, dialLimitNames } from './options.js'

/** Infinity: no limit. */
export const limitDefaults: Readonly<Record<string, number | boolean>> = Object.freeze({
  ...under('limits.connections', admissionDefaults),
  ...under('limits.dials', Object.fromEntries(dialLimitNames.map(name => [name, dialerDefaults[name]]))),
  ...under('limits.streams', streamRateDefaults),
  ...under('limits.overload', overloadDefaults),
  ...under('limits.peerBytesPerSecond', { in: Infinity, out: Infinity }),
  ...under('limits.peerStore', peerStoreDefaults),
  ...under('peerStore.ages', peerStoreAges),
  ...under('connectionManager', trimDefaults),
  ...under('keepAlivePeers', keepAlivePeersDefaults),
  ...under('dialing.delays', dialDelayDefaults),
  ...under('dialing.backoff', backoffDefaults),
  ...under('timeouts', defaultTimeouts),
  ...under('keepAlive', { intervalMs: connectionDefaults.intervalMs, timeoutMs: connectionDefaults.timeoutMs }),
  ...under('protocol.limits', protocolLimitDefaults),
  ...under('yamux', yamuxDefaults)
})

function under<T extends object> (group: string, defaults: T): Record<string, number | boolean> {
  return Object.fromEntries(Object.entries(defaults).map(([name, value]) => [`${group}.${name}`, value as number | boolean]))
}
