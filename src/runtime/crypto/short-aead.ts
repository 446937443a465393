/**
 * ChaCha20-Poly1305 (RFC 8439) of short texts, in WebAssembly. `node:crypto` makes an object for each operation, which costs 3
 * to 5 µs however short the text; this costs 1 µs at 32 bytes and as much as `node:crypto` at 256 to 500.
 *
 * The library's compiled code is used and its wrapper is not: that compares tags with an early exit, so time tells how much of
 * a forged one was right, and leaves keys in the memory. Loaded when the first frame is sealed, since it takes some
 * milliseconds, and by `require`, since whoever seals cannot wait.
 *
 * Invariants: no view of the WebAssembly memory leaves this file, and after each operation neither a key nor a text is in it.
 */
import { createRequire } from 'node:module'
import type { newInstance } from '@chainsafe/as-chacha20poly1305'
import { copy } from '../bytes/cursor.js'

/** Texts up to this length are short: where both ways cost the same on Node 20, in bytes. Node 24 would gain up to 400. */
export const longestShortText = 256

/** The code takes no more associated data than a hash, as which Noise has it. */
export const longestShortData = 32

const tagBytes = 16
const keyBytes = 32

export class ShortAead {
  private readonly code: ReturnType<typeof newInstance>
  private readonly memory: Uint8Array
  private readonly view: DataView
  /** Where in the memory is what. */
  private readonly key: number
  private readonly nonce: number
  private readonly data: number
  private readonly input: number
  private readonly output: number
  private readonly tag: number
  /** Where the code copies text and key to, and where it has the key of Poly1305. */
  private readonly streamInput: number
  private readonly streamKey: number
  private readonly tagKey: number

  constructor (code: ReturnType<typeof newInstance>) {
    this.code = code
    this.memory = new Uint8Array(code.memory.buffer)
    this.view = new DataView(code.memory.buffer)
    this.key = code.cpKey.value
    this.nonce = code.cpNonce.value
    this.data = code.cpAssociatedData.value
    this.input = code.cpInput.value
    this.output = code.chacha20Output.value
    this.tag = code.poly1305Output.value
    this.streamInput = code.chacha20Input.value
    this.streamKey = code.chacha20Key.value
    this.tagKey = code.poly1305Key.value
  }

  /**
   * @param key 32 letters, one for each byte
   * @param length of all pieces together, at most `longestShortText`
   * @returns ciphertext and tag
   */
  seal (key: string, nonce: number, associatedData: Uint8Array, pieces: readonly Uint8Array[], length: number): Uint8Array {
    const { code, memory, output, tag } = this
    this.load(key, nonce, associatedData)
    let at = this.input
    for (const piece of pieces) {
      copy(piece, 0, piece.length, memory, at)
      at += piece.length
    }
    code.sealUpdate(true, true, length, length, associatedData.length)
    const sealed = new Uint8Array(length + tagBytes)
    copy(memory, output, output + length, sealed, 0)
    copy(memory, tag, tag + tagBytes, sealed, length)
    this.wipe(length)
    return sealed
  }

  /** @param sealed at least a tag, and at most one and `longestShortText`. @returns undefined when the tag does not fit */
  open (key: string, nonce: number, associatedData: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    const { code, memory, output, tag } = this
    const length = sealed.length - tagBytes
    this.load(key, nonce, associatedData)
    copy(sealed, 0, length, memory, this.input)
    code.openUpdate(true, true, length, length, associatedData.length)
    // All of it, whatever differs: how long this takes must not say where.
    let differs = 0
    for (let i = 0; i < tagBytes; i++) differs |= memory[tag + i]! ^ sealed[length + i]!
    const plaintext = differs === 0 ? memory.slice(output, output + length) : undefined
    this.wipe(length)
    return plaintext
  }

  private load (key: string, nonce: number, associatedData: Uint8Array): void {
    const { memory, view } = this
    for (let i = 0; i < keyBytes; i++) memory[this.key + i] = key.charCodeAt(i)
    // The first four bytes are zero, and stay so.
    view.setUint32(this.nonce + 4, nonce % 0x1_0000_0000, true)
    view.setUint32(this.nonce + 8, nonce / 0x1_0000_0000, true)
    copy(associatedData, 0, associatedData.length, memory, this.data)
  }

  private wipe (length: number): void {
    const { input, key, memory, output, streamInput, streamKey, tagKey } = this
    memory.fill(0, key, key + keyBytes)
    memory.fill(0, streamKey, streamKey + keyBytes)
    memory.fill(0, tagKey, tagKey + keyBytes)
    memory.fill(0, input, input + length)
    memory.fill(0, streamInput, streamInput + length)
    memory.fill(0, output, output + length)
  }
}

let shared: ShortAead | null | undefined

/** The one of this process; null where there is no WebAssembly, as with `--jitless`. */
export function shortAead (): ShortAead | null {
  return shared === undefined ? shared = load() : shared
}

function load (): ShortAead | null {
  try {
    const library = createRequire(import.meta.url)('@chainsafe/as-chacha20poly1305') as { readonly newInstance: typeof newInstance }
    return new ShortAead(library.newInstance())
  } catch {
    return null
  }
}
