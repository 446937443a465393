/**
 * Noise after the handshake (libp2p/specs noise/README.md "Wire Format" and "Encryption and I/O"): each way a row of
 * frames, `length:16 | ciphertext | tag:16`, each under the next nonce.
 *
 *     plaintext --send--> [ staging, up to 65,519 bytes ] --full, or flush--> one frame
 *     bytes --feed--> whole frame, or two halves joined in pooled memory --> one piece of plaintext
 *
 * What is sent in one turn leaves in full frames: one AEAD operation costs 4.5 us however little it seals, and staging is
 * cheaper than a second `update` of the cipher (datapath.md, 2.2 and 2.6). Received plaintext is fresh memory, the provider's one
 * allocation a frame; the bytes fed are only read, and nothing of them is kept but by copy.
 *
 * Invariants: a nonce is used once; after one frame that does not open, nothing more is opened or delivered, and no key is
 * held any more.
 */
import type { ErrorCode } from '../../../messages/errors.js'
import { maxNoiseMessageBytes, maxNoisePlaintextBytes, noiseTagBytes, readNoiseLength } from '../../../messages/wire/noise.js'
import { Cursor } from '../../../runtime/bytes/cursor.js'
import type { BufferPool } from '../../../runtime/bytes/pool.js'
import type { Aead } from '../../../runtime/crypto/provider.js'
import type { CoreOut, PathOut } from '../../contract/core.js'
import type { SecureSession } from '../../contract/security.js'

export interface NoiseSessionKeys {
  readonly sending: Aead
  readonly receiving: Aead
}

export class NoiseSession implements SecureSession {
  readonly lends = false
  readonly bufferedBound = maxNoiseMessageBytes + 2
  failed: ErrorCode | undefined
  private sending: Aead | null
  private receiving: Aead | null
  private readonly pool: BufferPool
  private sendNonce: number
  private receiveNonce: number
  private readonly cursor: Cursor
  /** Of the frame that is coming; -1: not known. */
  private length = -1
  private staging: Uint8Array | null = null
  private staged = 0

  /**
   * @param pool of buffers of at least 65,535 bytes, for staging and joining; may be shared by all connections
   * @param firstNonce for tests of what comes at the end of the count
   */
  constructor (keys: NoiseSessionKeys, pool: BufferPool, firstNonce = 0) {
    if (pool.size < maxNoiseMessageBytes) throw new RangeError(`pool: its buffers have ${pool.size} bytes; a frame may have ${maxNoiseMessageBytes}`)
    this.sending = keys.sending
    this.receiving = keys.receiving
    this.pool = pool
    this.cursor = new Cursor(pool)
    this.sendNonce = firstNonce
    this.receiveNonce = firstNonce
  }

  get bufferedBytes (): number {
    return this.cursor.buffered + (this.length >= 0 ? 2 : 0)
  }

  /** Plaintext that waits for a frame to be full. */
  get stagedBytes (): number {
    return this.staged
  }

  feed (bytes: Uint8Array, _now: number, out: PathOut<never>): void {
    const { cursor } = this
    cursor.feed(bytes)
    while (this.receiving !== null) {
      if (this.length < 0) {
        const head = cursor.take(2)
        if (head === undefined) return
        this.length = readNoiseLength(head)
        if (this.length < noiseTagBytes) return this.fail('connection/protocol-violation', `a Noise frame of ${this.length} bytes, shorter than its tag`, out)
      }
      const frame = cursor.take(this.length)
      if (frame === undefined) return
      this.length = -1
      if (this.receiveNonce > lastNonce) return this.fail('connection/closed', 'all nonces of the remote are used up', out)
      const plaintext = this.receiving.open(this.receiveNonce++, nothing, frame)
      cursor.release()
      if (plaintext === undefined) return this.fail('connection/protocol-violation', 'a Noise frame that its sender did not seal', out)
      if (plaintext.length > 0) out.deliver(plaintext)
    }
  }

  send (plaintext: Uint8Array, out: CoreOut<never>): void {
    for (let at = 0; at < plaintext.length && this.sending !== null;) {
      const staging = this.staging ??= this.pool.take()
      const size = Math.min(maxNoisePlaintextBytes - this.staged, plaintext.length - at)
      staging.set(size === plaintext.length ? plaintext : plaintext.subarray(at, at + size), this.staged)
      this.staged += size
      at += size
      if (this.staged === maxNoisePlaintextBytes) this.seal(out)
    }
  }

  flush (out: CoreOut<never>): void {
    if (this.staged > 0) this.seal(out)
    this.unstage()
  }

  clear (): void {
    this.sending = this.receiving = null
    this.cursor.clear()
    this.length = -1
    this.unstage()
  }

  private seal (out: CoreOut<never>): void {
    const { sending, staged, staging } = this
    if (sending === null || staging === null) return
    if (this.sendNonce > lastNonce) return this.fail('connection/closed', 'all nonces are used up', out)
    const length = staged + noiseTagBytes
    const pieces = sending.seal(this.sendNonce++, nothing, staging.subarray(0, staged))
    this.staged = 0
    out.write(Uint8Array.of(length >>> 8, length))
    for (const piece of pieces) out.write(piece, true)
  }

  private unstage (): void {
    this.staged = 0
    if (this.staging === null) return
    this.pool.give(this.staging)
    this.staging = null
  }

  private fail (code: ErrorCode, text: string, out: CoreOut<never>): void {
    this.failed = code
    this.clear()
    out.fail(code, text)
  }
}

/** The spec allows 2^64 - 1; at a million frames a second this one lasts 285 years. */
const lastNonce = Number.MAX_SAFE_INTEGER - 1

const nothing = new Uint8Array(0)
