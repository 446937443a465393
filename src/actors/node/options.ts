import { PrivateKey } from '../../messages/value/keys.js'
import { Multiaddr } from '../../messages/value/multiaddr.js'
import type { CryptoProvider } from '../../runtime/crypto/provider.js'
import type { LogOptions } from '../../runtime/inspect/log.js'
import type { Muxer } from '../contract/muxer.js'
import type { Protocol } from '../contract/protocol.js'
import type { Security } from '../contract/security.js'
import type { Transport } from '../contract/transport.js'
import type { ConnectionOptions } from '../connection/connection.actor.js'
import type { IdentifyOptions as AllIdentifyOptions } from '../identify/identify.actor.js'
import type { PeerStoreLimits } from '../peer-store/peer-book.core.js'
import type { AdmissionLimits } from '../swarm/admission.core.js'
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

export interface NodeLimits {
  readonly connections?: Partial<AdmissionLimits>
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
}

export type CheckedOptions = Omit<NodeOptions, 'listen' | 'transports' | 'security' | 'muxers' | 'protocols' | 'limits' | 'timeouts'> & {
  readonly listen: readonly Multiaddr[]
  readonly transports: readonly Component<Transport>[]
  readonly security: readonly Component<Security>[]
  readonly muxers: readonly Component<Muxer>[]
  readonly protocols: readonly Protocol[]
  readonly limits: NodeLimits
  readonly timeouts: Required<NodeTimeouts>
}

const optionNames: readonly (keyof NodeOptions)[] = [
  'privateKey', 'listen', 'protocols', 'identify', 'ping', 'transports', 'security', 'muxers', 'limits', 'timeouts', 'keepAlive', 'crypto', 'log', 'containUncaught', 'seed'
]

const defaultTimeouts: Required<NodeTimeouts> = { dialMs: 30_000, dialAddressMs: 10_000, streamMs: 10_000, inboundUpgradeMs: 10_000 }

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
  problems.unknown('limits.', limits, ['connections', 'peerStore'])
  problems.unknown('timeouts.', timeouts, Object.keys(defaultTimeouts))
  for (const [name, ms] of Object.entries(timeouts)) problems.number(`timeouts.${name}`, ms, 1)
  for (const [group, values] of Object.entries(limits as Record<string, object | undefined>)) {
    for (const [name, value] of Object.entries(values ?? {})) problems.number(`limits.${group}.${name}`, value)
  }
  problems.throwIfAny('createNode')
  return Object.freeze({
    ...options,
    listen: addresses,
    protocols,
    transports: options.transports ?? [tcp()],
    security: options.security ?? [noise()],
    muxers: options.muxers ?? [yamux()],
    limits,
    timeouts: { ...defaultTimeouts, ...timeouts }
  })
}
