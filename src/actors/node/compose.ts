/**
 * Puts a node together: the one place that knows everyone. What one family of actors needs of another it gets here, as a
 * factory or as a named ref, once.
 *
 *     /node/services/{peer-store,protocol-registry,address-manager}
 *     /node/network/{listeners,swarm,dialer,connection-manager,keep-alive,startup}
 *     /node/connections/<n>/{upgrade,streams/<id>/handler}
 *     /node/protocols/{identify,...}
 *
 * Started in that order, stopped in the reverse: services of protocols first, then connections in order while the swarm still
 * tells of their end, then the network, then the stores.
 */
import type { AddressManagerMessage } from '../../messages/address-manager.js'
import type { ConnectionsMessage } from '../../messages/connections.js'
import type { DialerMessage } from '../../messages/dial.js'
import type { ListenersMessage } from '../../messages/listener.js'
import type { PeerStoreMessage } from '../../messages/peer-store.js'
import type { ProtocolRegistryMessage } from '../../messages/protocol-registry.js'
import type { StartupMessage } from '../../messages/startup.js'
import type { SwarmMessage } from '../../messages/swarm.js'
import type { ConnectionInfo } from '../../messages/connection.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import { PrivateKey } from '../../messages/value/keys.js'
import { PeerId } from '../../messages/value/peer-id.js'
import { supervisor } from '../../runtime/behavior/supervisor.js'
import { BufferPool } from '../../runtime/bytes/pool.js'
import { child } from '../../runtime/supervision.js'
import type { System } from '../../runtime/system.js'
import { addressManager, type AddressSubscribers } from '../address-manager/address-manager.actor.js'
import { connection } from '../connection/connection.actor.js'
import { connections } from '../connection/connections.actor.js'
import { dialer } from '../dialer/dialer.actor.js'
import { NodeGate } from '../gater/gate.js'
import { identify } from '../identify/identify.actor.js'
import { listeners, listenersMemory } from '../listener/listeners.actor.js'
import { PeerDisk } from '../peer-store/peer-disk.port.js'
import { peerStore } from '../peer-store/peer-store.actor.js'
import { ping } from '../ping/ping.js'
import { startup } from '../startup/startup.actor.js'
import { SharedProtocolTable } from '../protocol/protocol-table.js'
import { protocolRegistry } from '../protocol/protocol-registry.actor.js'
import { protocols } from '../protocol/protocols.actor.js'
import { streams } from '../stream/streams.actor.js'
import { admissionLedger } from '../swarm/admission.core.js'
import { connectionManager, type ProtectedPeers } from '../swarm/connection-manager.actor.js'
import { keepAlive } from '../swarm/keep-alive.actor.js'
import { swarm, swarmMemory } from '../swarm/swarm.actor.js'
import { createResolver } from '../transport/resolver.js'
import { multistream } from '../upgrade/multistream-negotiation.js'
import { PeerPaces } from '../upgrade/pace.js'
import { upgrade } from '../upgrade/upgrade.actor.js'
import { valueForms } from './capsule-forms.js'
import type { ComponentContext } from './components.js'
import { Directory } from './directory.js'
import type { Environment } from './environment.js'
import { Node } from './node.js'
import type { CheckedOptions } from './options.js'
import { agentVersion } from './version.port.js'

/** Buffers of 64 KiB in which frames are put together, shared by all connections. */
const frameBytes = 65_536

/** Starts the company of a node; it listens nowhere yet. */
export async function compose (options: CheckedOptions, environment: Environment): Promise<Node> {
  const { access, limits, timeouts } = options
  const gate = new NodeGate({ lists: access, gater: options.gater ?? {}, gateMs: timeouts.gateMs })
  const crypto = options.crypto ?? environment.crypto
  const privateKey = options.privateKey ?? PrivateKey.generate('Ed25519', crypto)
  const peerId = PeerId.fromPublicKey(privateKey.publicKey, crypto)
  const directory = new Directory()
  const admission = admissionLedger(limits.connections)
  const paces = limits.peerBytesPerSecond === undefined ? undefined : new PeerPaces(limits.peerBytesPerSecond)
  const memory = { addresses: new Map() as AddressSubscribers, listeners: listenersMemory(), swarm: swarmMemory(), protectedPeers: new Map() as ProtectedPeers }
  // Told by name, and only once there is somebody who bears it.
  let changed = (): void => {}
  const table = new SharedProtocolTable(() => { changed() }, limits.streams)
  const { epochMs } = environment
  const { ages, datastore, ...times } = options.peerStore ?? {}
  const disk = datastore === undefined ? undefined : new PeerDisk(datastore)
  let begun = false
  const warm = disk !== undefined && options.startup.redial > 0
  const connectedPeers = (): readonly PeerId[] => [...memory.swarm.announced.all].flatMap(path => directory.connection(path)?.info.peer ?? [])
  if (options.identify !== false) {
    for (const protocol of identify({ key: privateKey, crypto, epochMs, agentVersion, ...options.identify })) table.register(protocol)
  }
  if (options.ping !== false) table.register(ping())
  for (const protocol of options.protocols) table.register(protocol)

  const root = (system: System) => {
    const at = (path: string): string => `/${system.name}/${path}`
    const refs = {
      addressManager: system.named<AddressManagerMessage>(at('services/address-manager')),
      connections: system.named<ConnectionsMessage>(at('connections')),
      dialer: system.named<DialerMessage>(at('network/dialer')),
      listeners: system.named<ListenersMessage>(at('network/listeners')),
      peerStore: system.named<PeerStoreMessage>(at('services/peer-store')),
      protocolRegistry: system.named<ProtocolRegistryMessage>(at('services/protocol-registry')),
      swarm: system.named<SwarmMessage>(at('network/swarm'))
    }
    const context: ComponentContext = { privateKey, crypto, pool: new BufferPool(frameBytes), environment, system, now: () => system.now() }
    const transports = options.transports.map(transport => transport(context))
    const oneConnection = connection({
      upgrade: upgrade({ gate, ...paces !== undefined && { pace: (peer: PeerId) => paces.of(peer) }, negotiation: multistream, securities: options.security.map(make => make(context)), muxers: options.muxers.map(make => make(context)) }),
      streams: streams({ protocols: table, negotiation: multistream, limits: { negotiationMs: timeouts.streamMs } }),
      swarm: refs.swarm,
      directory,
      gate,
      ...options.keepAlive !== undefined && { keepAlive: options.keepAlive }
    })
    return supervisor('node', {
      strategy: 'one-for-one',
      children: [
        child('services', supervisor('services', {
          strategy: 'one-for-one',
          children: [
            child('peer-store', peerStore, {
              input: () => ({ epochMs, times, connected: connectedPeers, ...ages && { ages }, ...limits.peerStore && { limits: limits.peerStore }, ...disk && { disk } })
            }),
            child('protocol-registry', protocolRegistry({ protocols: table })),
            child('address-manager', addressManager, { input: () => ({ directory, listeners: refs.listeners, subscribers: memory.addresses, ...options.addresses && { options: options.addresses } }) })
          ]
        })),
        child('network', supervisor('network', {
          strategy: 'rest-for-one',
          children: [
            child('listeners', listeners, {
              input: () => ({ transports, admission, gate, connections: refs.connections, addressManager: refs.addressManager, memory: memory.listeners })
            }),
            child('swarm', swarm, {
              input: () => ({ peerId, connections: refs.connections, dialer: refs.dialer, peerStore: refs.peerStore, memory: memory.swarm,
                refuses: ({ peer, remoteAddress }: ConnectionInfo) => access.refusesPeer(peer) ?? access.refusesAddress(remoteAddress) })
            }),
            child('dialer', dialer, {
              input: () => ({
                transports,
                admission,
                gate,
                connections: refs.connections,
                resolve: createResolver(environment.dns(system)),
                interfaces: environment.interfaces,
                unreached: (peer: PeerId, address: Multiaddr) => { refs.peerStore.tell({ type: 'peer-store.unreached', peer, address: address.withoutPeer() ?? address }) },
                options: { ...limits.dials, ...options.dialing, addressTimeoutMs: timeouts.dialAddressMs }
              })
            }),
            child('connection-manager', connectionManager, {
              input: () => ({
                peerId,
                swarm: refs.swarm,
                peerStore: refs.peerStore,
                protectedPeers: memory.protectedPeers,
                view: (path: string) => directory.connection(path),
                options: { ...options.connectionManager, overload: limits.overload ?? {} }
              })
            }),
            ...options.keepAlivePeers === false
              ? []
              : [child('keep-alive', keepAlive, { input: () => ({ swarm: refs.swarm, peerStore: refs.peerStore, ...options.keepAlivePeers && { options: options.keepAlivePeers } }) })],
            // Without a datastore there is nobody to remember.
            ...warm ? [child('startup', startup, { restart: 'transient', input: () => ({ peerStore: refs.peerStore, swarm: refs.swarm, begun, ...options.startup }) })] : []
          ]
        })),
        child('connections', connections({ connection: oneConnection, inboundUpgradeMs: timeouts.inboundUpgradeMs })),
        child('protocols', protocols({ protocols: table, service: { peerId, ...refs } }))
      ]
    })
  }

  const system = environment.createSystem({
    name: 'node',
    root,
    // The dead whose end was no failure of ours: most ends of connections and streams, which `why` is asked for.
    graveyard: { others: 1024 },
    ...options.log !== undefined && { log: options.log },
    ...options.crashCapsules !== undefined && { crashCapsules: { ...options.crashCapsules, forms: [...options.crashCapsules.forms ?? [], ...valueForms] } },
    ...options.containUncaught !== undefined && { containUncaught: options.containUncaught },
    ...options.seed !== undefined && { seed: options.seed }
  })
  changed = () => { system.named<ProtocolRegistryMessage>(`/${system.name}/services/protocol-registry`).tell({ type: 'registry.changed' }) }
  // Also when it was not stopped in order.
  if (disk !== undefined) system.trace.add(() => { void disk.close() }, ['ended'])
  const node = new Node({
    system, peerId, directory, table, access, timeouts, crypto,
    begin: () => {
      begun = true
      if (warm) system.named<StartupMessage>(`/${system.name}/network/startup`).tell({ type: 'startup.begin' })
    },
    closed: async () => disk?.close()
  })
  await system.ready()
  return node
}
