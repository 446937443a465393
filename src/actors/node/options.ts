import { PrivateKey } from '../../messages/value/keys.js'
import { Multiaddr } from '../../messages/value/multiaddr.js'
import { PeerId } from '../../messages/value/peer-id.js'
import type { CryptoProvider } from '../../runtime/crypto/provider.js'
import { checkCapsules, type CapsuleOptions } from '../../runtime/inspect/capsule.js'
import type { LogOptions } from '../../runtime/inspect/log.js'
import type { AddressManagerOptions } from '../address-manager/address-manager.actor.js'
import { observedDefaults, type ObservedOptions } from '../address-manager/observed.core.js'
import type { Muxer } from '../contract/muxer.js'
import type { Protocol } from '../contract/protocol.js'
import type { Security } from '../contract/security.js'
import type { Transport } from '../contract/transport.js'
import type { ConnectionOptions } from '../connection/connection.actor.js'
import { backoffDefaults, type BackoffOptions } from '../dialer/backoff.core.js'
import type { DialerOptions } from '../dialer/dialer.actor.js'
import { dialDelayDefaults, type DialDelays } from '../dialer/rank.core.js'
import { AccessLists, type AccessListsOptions } from '../gater/access-lists.core.js'
import { gateNames, type ConnectionGater } from '../gater/gate.js'
import type { IdentifyOptions as AllIdentifyOptions } from '../identify/identify.actor.js'
import type { Datastore, DatastoreSource } from '../peer-store/datastore.js'
import { peerStoreAges, peerStoreDefaults, type PeerStoreAges, type PeerStoreLimits } from '../peer-store/peer-limits.core.js'
import { peerStoreTimes, type PeerStoreTimes } from '../peer-store/peer-store.actor.js'
import { trimDefaults, type ConnectionManagerOptions } from '../swarm/connection-manager.actor.js'
import { keepAlivePeersDefaults, type KeepAlivePeersOptions } from '../swarm/keep-alive.actor.js'
import { overloadDefaults, type OverloadRules } from '../swarm/overload.core.js'
import { admissionDefaults, type AdmissionLimits } from '../swarm/admission.core.js'
import { streamRateDefaults, type StreamRates } from '../protocol/stream-rates.core.js'
import type { PeerRates } from '../upgrade/pace.js'
import { checkProtocol } from '../protocol/protocol.js'
import { noise, tcp, yamux, type Component } from './components.js'
import { Problems } from './problems.js'

export type { ConnectionGater, GateVerdict } from '../gater/gate.js'

export type IdentifyOptions = Omit<AllIdentifyOptions, 'key' | 'crypto' | 'epochMs'>

/** All options of a node. Each has a default, and none but `listen` is needed to try it out. */
export interface NodeOptions {
  /** Who it is. Default: a fresh Ed25519 identity. */
  readonly privateKey?: PrivateKey
  /** Where it listens. Default: TCP on a free port of the loopback interface; an empty list listens nowhere. */
  readonly listen?: readonly (Multiaddr | string)[]
  /** Which addresses it tells others, and when it believes where others see it. */
  readonly addresses?: AddressOptions
  /** Where it keeps what it knows of peers, and for how long. Default: in memory. */
  readonly peerStore?: PeerStoreOptions
  /** What it does when it has started. */
  readonly startup?: StartupOptions
  /** What it speaks besides identify and ping. More can be registered at any time. */
  readonly protocols?: readonly Protocol[]
  /** False: it neither asks others what they are, nor tells. */
  readonly identify?: IdentifyOptions | false
  /** False: it does not answer pings. */
  readonly ping?: false
  /** The kinds of addresses that it can dial and listen on. Default: `[tcp()]`. */
  readonly transports?: readonly Component<Transport>[]
  /** In order of preference. Default: `[noise()]`. */
  readonly security?: readonly Component<Security>[]
  /** In order of preference. Default: `[yamux()]`. */
  readonly muxers?: readonly Component<Muxer>[]
  /** Peers and ranges of IP addresses that are blocked, and those that alone are allowed. Changed later by `node.access`. */
  readonly access?: AccessListsOptions
  /** User code that decides whom the node has to do with, by phase. */
  readonly gater?: ConnectionGater
  /** How many connections are kept, and whose are never trimmed. */
  readonly connectionManager?: Partial<Omit<ConnectionManagerOptions, 'overload'>>
  /** How peers that are tagged `keep-alive*` in the peer store are redialed. False: not at all. */
  readonly keepAlivePeers?: Partial<KeepAlivePeersOptions> | false
  /** How addresses of a peer are tried one after another, and how long those that failed are left alone. */
  readonly dialing?: DialingOptions
  /** How much of anything strangers may make it hold. Each limit has its reason in the docs of its type. */
  readonly limits?: NodeLimits
  readonly timeouts?: NodeTimeouts
  /** When a silent connection is asked whether it is still there. False: never. */
  readonly keepAlive?: ConnectionOptions['keepAlive']
  /** Primitives. Default: `node:crypto`. */
  readonly crypto?: CryptoProvider
  /** Where log lines go and which. Default: the environment variable `TROUPE_LOG`, to stderr. */
  readonly log?: LogOptions
  /**
   * True: what a handler's code throws later, in a timer, promise or callback of its own, ends its stream and not the process. Default
   * false: it sets up one listener for the whole process, and on Node 20 and 22 each promise costs more. docs/semantics.md says
   * what is contained.
   */
  readonly containUncaught?: boolean
  /**
   * Each crash of an actor writes a small file, from which `replay` makes the same exception; `valueForms` go without saying. Default:
   * none is written.
   */
  readonly crashCapsules?: CapsuleOptions
  /** Seeds all randomness for choices, never for keys. Default: an unpredictable one. */
  readonly seed?: number
}

export interface DialingOptions {
  readonly delays?: Partial<DialDelays>
  readonly backoff?: Partial<BackoffOptions>
}

export const dialLimitNames = ['addresses', 'attempts', 'attemptsPerPeer', 'dials', 'waiters'] as const

export type DialLimits = Pick<DialerOptions, typeof dialLimitNames[number]>

export interface NodeLimits {
  readonly connections?: Partial<AdmissionLimits>
  readonly dials?: Partial<DialLimits>
  /** When the peer that costs the most has to go. */
  readonly overload?: Partial<OverloadRules>
  readonly peerStore?: Partial<PeerStoreLimits>
  /** Bytes a second, from and to one peer, over all its connections. Default: as fast as it goes. */
  readonly peerBytesPerSecond?: PeerRates
  /** Inbound streams of one peer, of all protocols together. */
  readonly streams?: Partial<StreamRates>
}

/** Addresses as texts or values; names are those of js-libp2p. */
export interface AddressOptions {
  /** Told in place of the addresses it listens on and is seen at: for a node behind a proxy, or with a name. Default: none. */
  readonly announce?: readonly (Multiaddr | string)[]
  /** Told besides. Default: none. */
  readonly appendAnnounce?: readonly (Multiaddr | string)[]
  /** Never told: an address, all that begin with it (`/ip4/10.0.0.7`), or all of a network (`/ip4/10.0.0.0/ipcidr/8`). Default: none. */
  readonly noAnnounce?: readonly (Multiaddr | string)[]
  /** When to believe where others see us; each limit has its reason in the docs of its type. False: never. */
  readonly observed?: Partial<ObservedOptions> | false
}

export interface PeerStoreOptions extends Partial<PeerStoreTimes> {
  /**
   * Keeps peers on disk, or wherever it does: an `interface-datastore` that you open and close; or a function that makes one,
   * such as `fileDatastore(folder)`, which the node calls when it first needs it, and closes when it stops.
   */
  readonly datastore?: DatastoreSource
  /** How long addresses hold, by their source, and peers without any; in milliseconds, Infinity for ever. */
  readonly ages?: Partial<PeerStoreAges>
}

export interface StartupOptions {
  /**
   * How many known good peers it connects to: those to be kept alive, then those that were reached last. 0: none. Default 8:
   * enough to be part of the network again without asking anybody else, few enough to be no burden.
   */
  readonly redial?: number
  /** How many of them at a time. Default 4. */
  readonly concurrency?: number
  /** For each of them, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number
}

/** In milliseconds. */
export interface NodeTimeouts {
  /** Of `dial` and `dialProtocol`, unless the call says otherwise. Default 30,000. */
  readonly dialMs?: number
  /** Of each address of a dial, connect and upgrade together. Default 10,000: a dead address must not eat the deadline of those behind it. */
  readonly dialAddressMs?: number
  /** Of `newStream` and of the negotiation of a stream. Default 10,000. */
  readonly streamMs?: number
  /** Of the upgrade of an inbound connection. Default 10,000: as rust and js; an attacker holds his slot no longer. */
  readonly inboundUpgradeMs?: number
  /** Of each question to the gater. Default 5,000, as every question between actors; then it has refused. */
  readonly gateMs?: number
}

export type CheckedOptions = Omit<NodeOptions, 'access' | 'addresses' | 'listen' | 'startup' | 'transports' | 'security' | 'muxers' | 'protocols' | 'limits' | 'timeouts'> & {
  readonly access: AccessLists
  readonly listen: readonly Multiaddr[]
  readonly transports: readonly Component<Transport>[]
  readonly security: readonly Component<Security>[]
  readonly muxers: readonly Component<Muxer>[]
  readonly protocols: readonly Protocol[]
  readonly limits: NodeLimits
  readonly timeouts: Required<NodeTimeouts>
  readonly addresses: AddressManagerOptions
  readonly startup: Required<StartupOptions>
}

const optionNames: readonly (keyof NodeOptions)[] = [
  'privateKey', 'listen', 'addresses', 'peerStore', 'startup', 'protocols', 'identify', 'ping', 'transports', 'security', 'muxers',
  'access', 'gater', 'connectionManager', 'keepAlivePeers', 'dialing', 'limits', 'timeouts', 'keepAlive', 'crypto', 'log', 'containUncaught',
  'crashCapsules', 'seed'
]

const defaultStartup: Required<StartupOptions> = { redial: 8, concurrency: 4, timeoutMs: 10_000 }

export const defaultTimeouts: Required<NodeTimeouts> = { dialMs: 30_000, dialAddressMs: 10_000, streamMs: 10_000, inboundUpgradeMs: 10_000, gateMs: 5000 }

/** The names of all limits, by group: a misspelt one must not silently be no limit. */
const knownLimits: Readonly<Record<keyof NodeLimits, readonly string[]>> = {
  connections: Object.keys(admissionDefaults),
  dials: dialLimitNames,
  overload: Object.keys(overloadDefaults),
  peerBytesPerSecond: ['in', 'out'],
  streams: Object.keys(streamRateDefaults),
  peerStore: Object.keys(peerStoreDefaults)
}

/** Checks all options at once and fills in the defaults. @throws TypeError that names everything that is wrong */
export function checkNodeOptions (options: NodeOptions): CheckedOptions {
  if (typeof options !== 'object' || options === null) throw new TypeError(`createNode: options must be an object; got ${options === null ? 'null' : typeof options}`)
  const problems = new Problems()
  problems.unknown('', options, optionNames)
  const { listen = ['/ip4/127.0.0.1/tcp/0'], limits = {}, privateKey, protocols = [], timeouts = {} } = options
  const addresses = readAddresses('listen', listen, problems)
  if (privateKey !== undefined && !(privateKey instanceof PrivateKey)) problems.add('privateKey', 'a PrivateKey, as generateKeyPair and importKey make it', privateKey)
  if (!Array.isArray(protocols)) problems.add('protocols', 'a list of protocols', protocols)
  else for (const [at, protocol] of (protocols as readonly Protocol[]).entries()) problems.try(`protocols[${at}]`, () => { checkProtocol('protocol', protocol) })
  for (const name of ['transports', 'security', 'muxers'] as const) {
    const components = options[name]
    if (components !== undefined && !(Array.isArray(components) && components.every(component => typeof component === 'function'))) {
      problems.add(name, 'a list of components such as tcp(), noise() or yamux()', components)
    } else if (components?.length === 0) {
      problems.add(name, 'a list of at least one', components)
    }
  }
  if (options.identify !== undefined && options.identify !== false && typeof options.identify !== 'object') problems.add('identify', 'an object, or false', options.identify)
  if (options.ping !== undefined && (options.ping as unknown) !== false) problems.add('ping', 'false, or left out', options.ping)
  if (options.containUncaught !== undefined && typeof options.containUncaught !== 'boolean') problems.add('containUncaught', 'true or false', options.containUncaught)
  let access = new AccessLists()
  problems.unknown('access.', options.access ?? {}, ['allow', 'block'])
  problems.try('access', () => { access = new AccessLists(options.access) })
  const { dialing = {}, gater = {} } = options
  problems.unknown('gater.', gater, gateNames)
  for (const [name, gate] of Object.entries(gater)) if (gate !== undefined && typeof gate !== 'function') problems.add(`gater.${name}`, 'a function', gate)
  const { connectionManager = {}, keepAlivePeers } = options
  problems.unknown('connectionManager.', connectionManager, [...Object.keys(trimDefaults), 'protect'])
  for (const name of ['highWater', 'lowWater', 'graceMs'] as const) problems.number(`connectionManager.${name}`, connectionManager[name])
  const { highWater = trimDefaults.highWater, lowWater = Math.min(trimDefaults.lowWater, highWater) } = connectionManager
  if (lowWater > highWater) problems.add('connectionManager.lowWater', `at most highWater, which is ${highWater}`, lowWater)
  const { protect = [] } = connectionManager
  if (!Array.isArray(protect) || !protect.every(peer => peer instanceof PeerId)) problems.add('connectionManager.protect', 'a list of PeerIds', protect)
  if (keepAlivePeers !== undefined && keepAlivePeers !== false) {
    problems.numbers('keepAlivePeers', keepAlivePeers, Object.keys(keepAlivePeersDefaults), name => [name === 'lookMs' ? 1 : 0, name === 'jitter' ? 1 : Infinity])
  }
  problems.unknown('dialing.', dialing, ['delays', 'backoff'])
  for (const [group, values] of Object.entries(dialing as Record<string, object | undefined>)) {
    problems.numbers(`dialing.${group}`, values ?? {}, Object.keys(group === 'delays' ? dialDelayDefaults : backoffDefaults))
  }
  const { crashCapsules } = options
  if (crashCapsules !== undefined) problems.try('crashCapsules', () => { checkCapsules('options', crashCapsules) })
  problems.unknown('limits.', limits, Object.keys(knownLimits))
  problems.numbers('timeouts', timeouts, Object.keys(defaultTimeouts), () => [1])
  for (const [group, values] of Object.entries(limits as Record<string, object | undefined>)) {
    problems.unknown(`limits.${group}.`, values ?? {}, knownLimits[group as keyof NodeLimits] ?? [])
    for (const [name, value] of Object.entries(values ?? {})) if (typeof value !== 'boolean') problems.number(`limits.${group}.${name}`, value)
  }
  const { observed, ...announcing } = options.addresses ?? {}
  problems.unknown('addresses.', announcing, announceNames)
  const announcements = Object.fromEntries(Object.entries(announcing).map(([name, list]) => [name, readAddresses(`addresses.${name}`, list, problems)]))
  if (observed !== undefined && observed !== false) {
    problems.numbers('addresses.observed', observed, Object.keys(observedDefaults))
  }
  checkPeerStore(options.peerStore ?? {}, problems)
  const startup = options.startup ?? {}
  problems.numbers('startup', startup, Object.keys(defaultStartup), name => [name === 'redial' ? 0 : 1])
  problems.throwIfAny('createNode')
  return Object.freeze({
    ...options,
    access,
    connectionManager: { ...connectionManager, highWater, lowWater },
    listen: addresses,
    protocols,
    transports: options.transports ?? [tcp()],
    security: options.security ?? [noise()],
    muxers: options.muxers ?? [yamux()],
    limits,
    timeouts: { ...defaultTimeouts, ...timeouts },
    addresses: { ...announcements, ...observed !== undefined && { observed } },
    startup: { ...defaultStartup, ...startup }
  })
}

const announceNames = ['announce', 'appendAnnounce', 'noAnnounce']

function readAddresses (option: string, list: unknown, problems: Problems): readonly Multiaddr[] {
  const addresses: Multiaddr[] = []
  if (!Array.isArray(list)) problems.add(option, 'a list of addresses', list)
  else for (const [at, address] of (list as readonly (Multiaddr | string)[]).entries()) problems.try(`${option}[${at}]`, () => addresses.push(address instanceof Multiaddr ? address : Multiaddr.parse(address)))
  return addresses
}

function checkPeerStore (options: PeerStoreOptions, problems: Problems): void {
  const { ages = {}, datastore, ...times } = options
  problems.unknown('peerStore.', times, [...Object.keys(peerStoreTimes), 'ages', 'datastore'])
  for (const [name, value] of Object.entries(times)) problems.number(`peerStore.${name}`, value)
  problems.unknown('peerStore.ages.', ages, Object.keys(peerStoreAges))
  for (const [name, value] of Object.entries(ages)) if (value !== Infinity) problems.number(`peerStore.ages.${name}`, value)
  if (datastore !== undefined && typeof datastore !== 'function' && typeof (datastore as Partial<Datastore> | null)?.batch !== 'function') {
    problems.add('peerStore.datastore', 'an interface-datastore, or a function that makes one', datastore)
  }
}
