import { PrivateKey } from '../../messages/value/keys.js'
import { Multiaddr } from '../../messages/value/multiaddr.js'
import type { CryptoProvider } from '../../runtime/crypto/provider.js'
import type { LogOptions } from '../../runtime/inspect/log.js'
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
import { peerStoreDefaults, type PeerStoreLimits } from '../peer-store/peer-book.core.js'
import { admissionDefaults, type AdmissionLimits } from '../swarm/admission.core.js'
import { checkProtocol } from '../protocol/protocol.js'
import { noise, tcp, yamux, type Component } from './components.js'
import { Problems } from './problems.js'

export type IdentifyOptions = Omit<AllIdentifyOptions, 'key' | 'crypto' | 'epochMs'>

/** All options of a node. Each has a default, and none but `listen` is needed to try it out. */
export interface NodeOptions {
  /** Who it is. Default: a fresh Ed25519 identity. */
  readonly privateKey?: PrivateKey
  /** Where it listens. Default: TCP on a free port of the loopback interface; an empty list listens nowhere. */
  readonly listen?: readonly (Multiaddr | string)[]
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
  /** Seeds all randomness for choices, never for keys. Default: an unpredictable one. */
  readonly seed?: number
}

export interface DialingOptions {
  readonly delays?: Partial<DialDelays>
  readonly backoff?: Partial<BackoffOptions>
}

export type DialLimits = Pick<DialerOptions, 'addresses' | 'attempts' | 'attemptsPerPeer' | 'dials' | 'waiters'>

export interface NodeLimits {
  readonly connections?: Partial<AdmissionLimits>
  readonly dials?: Partial<DialLimits>
  readonly peerStore?: Partial<PeerStoreLimits>
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

export type CheckedOptions = Omit<NodeOptions, 'listen' | 'transports' | 'security' | 'muxers' | 'protocols' | 'limits' | 'timeouts' | 'access'> & {
  readonly access: AccessLists
  readonly listen: readonly Multiaddr[]
  readonly transports: readonly Component<Transport>[]
  readonly security: readonly Component<Security>[]
  readonly muxers: readonly Component<Muxer>[]
  readonly protocols: readonly Protocol[]
  readonly limits: NodeLimits
  readonly timeouts: Required<NodeTimeouts>
}

const optionNames: readonly (keyof NodeOptions)[] = [
  'privateKey', 'listen', 'protocols', 'identify', 'ping', 'transports', 'security', 'muxers', 'access', 'gater', 'dialing', 'limits', 'timeouts', 'keepAlive', 'crypto', 'log', 'containUncaught', 'seed'
]

const defaultTimeouts: Required<NodeTimeouts> = { dialMs: 30_000, dialAddressMs: 10_000, streamMs: 10_000, inboundUpgradeMs: 10_000, gateMs: 5000 }

/** The names of all limits, by group: a misspelt one must not silently be no limit. */
const knownLimits: Readonly<Record<keyof NodeLimits, readonly string[]>> = {
  connections: Object.keys(admissionDefaults),
  dials: ['addresses', 'attempts', 'attemptsPerPeer', 'dials', 'waiters'],
  peerStore: Object.keys(peerStoreDefaults)
}

/** Checks all options at once and fills in the defaults. @throws TypeError that names everything that is wrong */
export function checkNodeOptions (options: NodeOptions): CheckedOptions {
  if (typeof options !== 'object' || options === null) throw new TypeError(`createNode: options must be an object; got ${options === null ? 'null' : typeof options}`)
  const problems = new Problems()
  problems.unknown('', options, optionNames)
  const { listen = ['/ip4/127.0.0.1/tcp/0'], limits = {}, privateKey, protocols = [], timeouts = {} } = options
  const addresses: Multiaddr[] = []
  if (!Array.isArray(listen)) problems.add('listen', 'a list of addresses', listen)
  else for (const [at, address] of (listen as readonly (Multiaddr | string)[]).entries()) problems.try(`listen[${at}]`, () => addresses.push(address instanceof Multiaddr ? address : Multiaddr.parse(address)))
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
  problems.unknown('dialing.', dialing, ['delays', 'backoff'])
  for (const [group, values] of Object.entries(dialing as Record<string, object | undefined>)) {
    problems.unknown(`dialing.${group}.`, values ?? {}, Object.keys(group === 'delays' ? dialDelayDefaults : backoffDefaults))
    for (const [name, value] of Object.entries(values ?? {})) problems.number(`dialing.${group}.${name}`, value)
  }
  problems.unknown('limits.', limits, Object.keys(knownLimits))
  problems.unknown('timeouts.', timeouts, Object.keys(defaultTimeouts))
  for (const [name, ms] of Object.entries(timeouts)) problems.number(`timeouts.${name}`, ms, 1)
  for (const [group, values] of Object.entries(limits as Record<string, object | undefined>)) {
    problems.unknown(`limits.${group}.`, values ?? {}, knownLimits[group as keyof NodeLimits] ?? [])
    for (const [name, value] of Object.entries(values ?? {})) if (typeof value !== 'boolean') problems.number(`limits.${group}.${name}`, value)
  }
  problems.throwIfAny('createNode')
  return Object.freeze({
    ...options,
    access,
    listen: addresses,
    protocols,
    transports: options.transports ?? [tcp()],
    security: options.security ?? [noise()],
    muxers: options.muxers ?? [yamux()],
    limits,
    timeouts: { ...defaultTimeouts, ...timeouts }
  })
}
