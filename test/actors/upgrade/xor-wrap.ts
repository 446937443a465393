/**
 * A security of the other kind: a task that takes the link and gives back another. It protects nothing: keys are exchanged in
 * the open, and every byte is changed by a constant. Just enough for whatever TLS will need of its surroundings.
 */
import type { Multiaddr } from '../../../src/messages/value/multiaddr.js'
import type { Link, LinkListener } from '../../../src/actors/contract/link.js'
import type { SecurityOptions, WrappedLink, WrapSecurity } from '../../../src/actors/contract/security.js'
import { NetworkError } from '../../../src/messages/errors.js'
import { PublicKey } from '../../../src/messages/value/keys.js'
import { PeerId } from '../../../src/messages/value/peer-id.js'
import { DecodeFailure } from '../../../src/messages/wire/failure.js'
import { nodeCrypto } from '../../../src/runtime/crypto/node.js'
import { concat } from '../../core/support/recorder.js'

export function xorWrap (publicKey: PublicKey, early: boolean): WrapSecurity {
  return {
    kind: 'wrap',
    protocol: '/xor/1.0.0',
    secure: async (link, leftOver, options, signal) => await new Promise<WrappedLink>((resolve, reject) => {
      const ours = publicKey.toProtobuf()
      let come = concat(leftOver)
      const fail = (error: unknown): void => {
        link[Symbol.dispose]()
        reject(error instanceof Error ? error : new Error('aborted'))
      }
      const take = (): void => {
        if (come.length === 0 || come.length < 1 + come[0]!) return
        link.pause()
        link.detach()
        signal.removeEventListener('abort', aborted)
        const remoteKey = PublicKey.decode(come.slice(1, 1 + come[0]!))
        if (remoteKey instanceof DecodeFailure) return fail(new NetworkError('upgrade/handshake-failed'))
        const remotePeer = PeerId.fromPublicKey(remoteKey, nodeCrypto)
        if (options.expectedPeer?.equals(remotePeer) === false) return fail(new NetworkError('upgrade/peer-mismatch'))
        resolve({ link: new XorLink(link, come.slice(1 + come[0]!)), remotePeer, remoteKey, muxer: muxerOf(options, early) })
      }
      const aborted = (): void => { fail(signal.reason) }
      signal.addEventListener('abort', aborted)
      link.attach({
        onData: bytes => {
          come = concat([come, bytes])
          take()
        },
        onEnd: () => { fail(new NetworkError('upgrade/closed')) },
        onClose: () => { fail(new NetworkError('upgrade/closed')) }
      })
      link.write(Uint8Array.of(ours.length, ...ours))
      link.resume()
      take()
    })
  }
}

function muxerOf ({ muxers }: SecurityOptions, early: boolean): string | undefined {
  return early ? muxers[0] : undefined
}

function changed (bytes: Uint8Array): Uint8Array {
  return bytes.map(byte => byte ^ 0x5a)
}

/** Lends, as the link below may: it changes bytes in place. */
class XorLink implements Link {
  readonly lends: boolean
  private readonly below: Link
  private come: Uint8Array
  private listener: LinkListener | null = null
  private paused = false

  constructor (below: Link, come: Uint8Array) {
    this.below = below
    this.come = come
    this.lends = below.lends
    this.pause()
  }

  get direction (): Link['direction'] { return this.below.direction }
  get remoteMultiaddr (): Multiaddr { return this.below.remoteMultiaddr }
  get localMultiaddr (): Multiaddr { return this.below.localMultiaddr }
  get localAddress (): string { return this.below.localAddress }
  get remoteAddress (): string { return this.below.remoteAddress }
  get bytesRead (): number { return this.below.bytesRead }
  get bytesWritten (): number { return this.below.bytesWritten }
  get bufferedBytes (): number { return this.below.bufferedBytes }
  get closed (): boolean { return this.below.closed }

  attach (listener: LinkListener): void {
    this.listener = listener
    this.below.attach({
      onEnd: () => { listener.onEnd?.() },
      onDrain: () => { listener.onDrain?.() },
      onClose: (reason, error) => { listener.onClose(reason, error) },
      onData: bytes => {
        this.deliverRest()
        for (let i = 0; i < bytes.length; i++) bytes[i] = bytes[i]! ^ 0x5a
        if (this.paused) this.come = concat([this.come, changed(bytes)])
        else this.listener?.onData(bytes)
      }
    })
    this.soon()
  }

  /** Never in the stack of a call. */
  private soon (): void {
    if (this.come.length > 0) void Promise.resolve().then(() => { this.deliverRest() })
  }

  /** What came with the handshake. */
  private deliverRest (): void {
    const { come, listener, paused } = this
    if (listener === null || paused || come.length === 0) return
    this.come = come.subarray(0, 0)
    listener.onData(changed(come))
  }

  detach (): void {
    this.listener = null
    this.below.detach()
  }

  write (bytes: Uint8Array): boolean { return this.below.write(changed(bytes)) }
  end (): void { this.below.end() }
  reset (): void { this.below.reset() }
  [Symbol.dispose] (): void { this.below[Symbol.dispose]() }

  pause (): void {
    this.paused = true
    this.below.pause()
  }

  resume (): void {
    this.paused = false
    this.below.resume()
    this.soon()
  }
}
