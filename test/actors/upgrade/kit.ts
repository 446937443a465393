/** Two connections over a simulated link, as far as the upgrade and the path go: each an actor that owns its link. */
import { expect } from 'chai'
import type { Link } from '../../../src/actors/contract/link.js'
import type { MuxedLink, MuxedLinkListener } from '../../../src/actors/contract/muxed-link.js'
import type { Security } from '../../../src/actors/contract/security.js'
import type { StreamBuffer } from '../../../src/actors/contract/stream-buffer.js'
import { yamux } from '../../../src/actors/muxer/yamux/yamux.core.js'
import type { YamuxLimits } from '../../../src/actors/muxer/yamux/yamux-options.js'
import { noise, noiseSignatureInput } from '../../../src/actors/security/noise/noise-handshake.core.js'
import { plaintext } from '../../../src/actors/security/plaintext/plaintext.core.js'
import { multistream } from '../../../src/actors/upgrade/multistream-negotiation.js'
import { upgrade } from '../../../src/actors/upgrade/upgrade.actor.js'
import type { UpgradeOptions } from '../../../src/actors/upgrade/upgrade-options.js'
import type { ErrorCode, NetworkError } from '../../../src/messages/errors.js'
import type { UpgradeInput, UpgradeMessage, UpgradeOutcome } from '../../../src/messages/upgrade.js'
import { PrivateKey, type PublicKey } from '../../../src/messages/value/keys.js'
import { PeerId } from '../../../src/messages/value/peer-id.js'
import type { Behavior } from '../../../src/runtime/behavior/behavior.js'
import type { Out } from '../../../src/runtime/behavior/out.js'
import { reducer } from '../../../src/runtime/behavior/reducer.js'
import { BufferPool } from '../../../src/runtime/bytes/pool.js'
import type { ActorContext } from '../../../src/runtime/context.js'
import { nodeCrypto } from '../../../src/runtime/crypto/node.js'
import type { CryptoProvider } from '../../../src/runtime/crypto/provider.js'
import type { Down } from '../../../src/runtime/exit.js'
import { Multiaddr } from '../../../src/messages/value/multiaddr.js'
import type { RawLink } from '../../../src/runtime/io/raw-link.js'
import type { AccountOptions } from '../../../src/runtime/account.js'
import type { ActorRef } from '../../../src/runtime/ref.js'
import type { LinkShape } from '../../../src/runtime/sim/link-shape.js'
import { SimWorld } from '../../../src/runtime/sim/sim-world.js'
import type { System } from '../../../src/runtime/system.js'
import { cheapCrypto, cheapSignature } from '../../core/support/cheap-crypto.js'
import { entropy } from '../../core/support/noise-world.js'
import { expectEmpty } from '../../runtime/kit.js'
import { xorWrap } from './xor-wrap.js'

// ---------------------------------------------------------------- who they are, and what they speak

export const pool = new BufferPool(65_536)

export interface Identity {
  readonly publicKey: PublicKey
  readonly peer: PeerId
  readonly noise: Security
  readonly plaintext: Security
  /** A wrap, with or without a muxer agreed on the way. */
  readonly xor: Security
  readonly earlyXor: Security
}

/** The same in every run. With the cheap provider handshakes take microseconds. */
export function identity (n: number, crypto: CryptoProvider = cheapCrypto): Identity {
  const key = PrivateKey.generate('Ed25519', nodeCrypto, { entropy: entropy(n) })
  const { publicKey } = key
  const staticKey = crypto.importX25519(entropy(n + 100))
  const signed = noiseSignatureInput(staticKey.publicKey)
  return {
    publicKey,
    peer: PeerId.fromPublicKey(publicKey, nodeCrypto),
    noise: noise({
      crypto,
      staticKey,
      ephemeralKey: () => crypto.importX25519(entropy(n + 200)),
      identity: { key: publicKey.toProtobuf(), signature: crypto === cheapCrypto ? cheapSignature(signed) : key.sign(crypto, signed) },
      pool
    }),
    plaintext: plaintext({ crypto, publicKey }),
    xor: xorWrap(publicKey, false),
    earlyXor: xorWrap(publicKey, true)
  }
}

export const alice = identity(1)
export const bob = identity(2)

export type SecurityName = 'noise' | 'plaintext' | 'xor' | 'earlyXor'
export const securityNames: readonly SecurityName[] = ['noise', 'plaintext', 'xor', 'earlyXor']

/** Noise that takes no part in the early agreement on a muxer. */
export function withoutEarlyMuxer (security: Security): Security {
  if (security.kind === 'wrap') return security
  return { ...security, handshake: options => security.handshake({ ...options, muxers: [] }) }
}

export interface SideOptions extends Partial<UpgradeOptions> {
  readonly yamux?: Partial<YamuxLimits>
  readonly expectedPeer?: PeerId
  readonly timeoutMs?: number
  /** Attaches as soon as it is done. Default true. */
  readonly attach?: boolean
  readonly account?: AccountOptions
}

export function optionsOf (self: Identity, { yamux: limits, ...options }: SideOptions = {}): UpgradeOptions {
  return {
    negotiation: options.negotiation ?? multistream,
    securities: options.securities ?? [self.noise],
    muxers: options.muxers ?? [yamux(limits)],
    ...options.limits !== undefined && { limits: options.limits }
  }
}

// ---------------------------------------------------------------- a connection, as far as it goes here

type HolderMessage =
  | UpgradeOutcome
  | { readonly type: 'holder.down', readonly down: Down }
  | { readonly type: 'holder.act', readonly act: (actor: ActorContext<HolderMessage>) => void }

interface HolderInput {
  readonly side: Side
  readonly handle: Link
  readonly behavior: Behavior<UpgradeMessage, UpgradeInput>
}

const holder = reducer({
  name: 'connection',
  initial (input: HolderInput, out: Out<HolderEffects>): Side {
    out.do('start', input)
    return input.side
  },
  step (side, message: HolderMessage, out: Out<HolderEffects>): Side {
    out.do('hear', { side, message })
    return side
  },
  effects: {
    start (actor: ActorContext<HolderMessage>, { behavior, handle, side }: HolderInput) {
      side.actor = actor
      side.link = actor.own(handle)
      const { expectedPeer, timeoutMs = 10_000 } = side.options
      const child = actor.spawn(behavior, {
        name: 'upgrade',
        input: { link: handle, initiator: side.initiator, deadline: actor.now() + timeoutMs, replyTo: actor.self, ...expectedPeer !== undefined && { expectedPeer } }
      })
      actor.watch(child, down => ({ type: 'holder.down', down }))
    },
    hear (actor: ActorContext<HolderMessage>, { message, side }: { readonly side: Side, readonly message: HolderMessage }) {
      side.hear(actor, message)
    }
  }
})

interface HolderEffects {
  start: HolderInput
  hear: { readonly side: Side, readonly message: HolderMessage }
}

/** How the path ended. */
export interface Closing {
  readonly code: ErrorCode
  readonly initiator: string
}

export class Side {
  readonly options: SideOptions
  readonly initiator: boolean
  ref!: ActorRef<HolderMessage>
  actor!: ActorContext<HolderMessage>
  link!: Link
  done: (UpgradeOutcome & { readonly type: 'upgrade.done' }) | undefined
  failed: ErrorCode | undefined
  upgradeDown: Down | undefined
  path!: MuxedLink
  readonly events: string[] = []
  closing: Closing | undefined
  /** What to do with what the remote opens. */
  onStream: (stream: StreamBuffer) => void = echo

  constructor (initiator: boolean, options: SideOptions) {
    this.initiator = initiator
    this.options = options
  }

  readonly listener: MuxedLinkListener = {
    onStream: stream => {
      this.events.push('stream')
      this.onStream(stream)
    },
    onRefused: code => { this.events.push(`refused ${code}`) },
    onOpenable: () => { this.events.push('openable') },
    onPong: () => { this.events.push('pong') },
    onGoAway: code => { this.events.push(`going away ${code}`) },
    onClose: (code, _text, initiator) => {
      expect(this.closing, 'told once').to.equal(undefined)
      this.closing = { code, initiator }
      this.events.push(`closed ${code} ${initiator}`)
    }
  }

  hear (actor: ActorContext<HolderMessage>, message: HolderMessage): void {
    switch (message.type) {
      case 'upgrade.done':
        this.done = message
        this.path = actor.own(message.handle)
        if (this.options.attach !== false) this.path.attach(actor, this.listener)
        return
      case 'upgrade.failed':
        this.failed = message.failure.code
        return
      case 'holder.down':
        this.upgradeDown = message.down
        return
      case 'holder.act':
        message.act(actor)
    }
  }

  open (): StreamBuffer {
    const stream = this.path.openStream()
    if (typeof stream === 'string') throw new Error(stream)
    return stream
  }
}

// ---------------------------------------------------------------- two of them

export interface DuoOptions {
  readonly seed?: number
  readonly shape?: Partial<LinkShape>
  readonly alice?: SideOptions
  readonly bob?: SideOptions
  /** Of the responder; default as that of alice. */
  readonly identities?: readonly [Identity, Identity]
}

export class Duo {
  readonly world: SimWorld
  readonly systems: readonly [System, System]
  readonly alice: Side
  readonly bob: Side
  private readonly options: DuoOptions
  private readonly attempts: Disposable[]

  constructor (options: DuoOptions = {}) {
    this.options = options
    this.world = new SimWorld({ seed: options.seed ?? 1 })
    this.world.network.shapeAll(options.shape ?? {})
    this.systems = [this.world.system({ name: 'alice' }), this.world.system({ name: 'bob' })]
    this.alice = new Side(true, options.alice ?? {})
    this.bob = new Side(false, options.bob ?? {})
    const { network } = this.world
    const [one, other] = this.systems
    const listener = network.port(other).listen('bob:1', {
      onLink: link => {
        listener[Symbol.dispose]()
        this.hold(this.bob, other, link, 1)
      },
      onFailure: unexpected
    })
    const dial = network.port(one).connect('bob:1', { onLink: link => { this.hold(this.alice, one, link, 0) }, onFailure: unexpected })
    this.attempts = [dial, listener]
  }

  /** Runs until both upgrades are over. */
  async upgraded (): Promise<this> {
    await this.world.run(200)
    expect(this.alice.failed, 'alice').to.equal(undefined)
    expect(this.bob.failed, 'bob').to.equal(undefined)
    expect(this.alice.done?.peer.toString(), 'alice').to.equal(bob.peer.toString())
    expect(this.bob.done?.peer.toString(), 'bob').to.equal(alice.peer.toString())
    return this
  }

  /** Stops both, and nothing may be left. */
  async end (): Promise<void> {
    for (const attempt of this.attempts) attempt[Symbol.dispose]()
    await this.world.stop()
    for (const system of this.systems) expectEmpty(system)
    expect(pool.inUse, 'pooled buffers').to.equal(0)
  }

  private hold (side: Side, system: System, link: RawLink, n: 0 | 1): void {
    const self = (this.options.identities ?? [alice, bob])[n]
    const behavior = upgrade(optionsOf(self, side.options))
    side.ref = system.spawn(holder, { input: { side, handle: asLink(link, n === 0), behavior }, ...side.options.account !== undefined && { account: side.options.account } })
  }
}

export function asLink (link: RawLink, outbound: boolean): Link {
  return Object.assign(link, {
    direction: outbound ? 'outbound' as const : 'inbound' as const,
    remoteMultiaddr: Multiaddr.parse('/memory/1'),
    localMultiaddr: Multiaddr.parse('/memory/2')
  })
}

function unexpected (): never {
  throw new Error('there must be a link')
}

// ---------------------------------------------------------------- streams

/** Sends back what comes, and ends when the remote does. */
export function echo (stream: StreamBuffer): void {
  void (async () => {
    try {
      for await (const bytes of stream) await stream.write(bytes)
      await stream.close()
    } catch {
      // It was reset.
    }
  })()
}

/** What a waiting user gets: the code, and that of the cause. */
export async function codesOf (promise: Promise<unknown>): Promise<readonly (string | undefined)[]> {
  try {
    await promise
  } catch (error) {
    const { cause, code, name } = error as NetworkError
    expect(name).to.equal('NetworkError')
    return cause === undefined ? [code] : [code, (cause as NetworkError).code]
  }
  return []
}

/** All that comes, up to the end. */
export async function readAll (stream: StreamBuffer): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const bytes of stream) parts.push(bytes)
  return Buffer.concat(parts)
}

/** `length` bytes that differ by `n`. */
export function bytesOf (length: number, n = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + n * 13 + (i >> 8)) & 0xff)
}
