import type { ErrorCode } from '../../../src/messages/errors.js'
import type { PathOut } from '../../../src/actors/contract/core.js'

/** A sink that remembers everything, in order. */
export class Recorder<E = unknown> implements PathOut<E> {
  readonly written: Uint8Array[] = []
  readonly delivered: Uint8Array[] = []
  readonly events: E[] = []
  failure: { readonly code: ErrorCode, readonly text: string } | undefined
  /** Calls after `fail`, which must be the last. */
  late = 0

  write (bytes: Uint8Array): void {
    this.count()
    this.written.push(bytes)
  }

  lend (bytes: Uint8Array): void {
    this.count()
    this.written.push(bytes.slice())
  }

  deliver (bytes: Uint8Array): void {
    this.count()
    // A copy, since the memory may be only lent.
    this.delivered.push(bytes.slice())
  }

  emit (event: E): void {
    this.count()
    this.events.push(event)
  }

  fail (code: ErrorCode, text: string): void {
    this.count()
    this.failure = { code, text }
  }

  /** What was written since the last call. */
  takeWritten (): Uint8Array {
    return concat(this.written.splice(0))
  }

  takeDelivered (): Uint8Array {
    return concat(this.delivered.splice(0))
  }

  takeEvents (): E[] {
    return this.events.splice(0)
  }

  private count (): void {
    if (this.failure !== undefined) this.late++
  }
}

export function concat (parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

export function hex (bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}

export function unhex (text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16))
}

const encoder = new TextEncoder()

export function utf8 (text: string): Uint8Array {
  return encoder.encode(text)
}

/** Much faster than chai on long ones. */
export function expectBytes (actual: Uint8Array | undefined, expected: Uint8Array, what: string): void {
  const length = actual?.length ?? -1
  if (length !== expected.length) throw new Error(`${what}: ${length} bytes instead of ${expected.length}`)
  for (let i = 0; i < length; i++) {
    if (actual![i] !== expected[i]) throw new Error(`${what}: byte ${i} of ${length} is ${actual![i]}, not ${expected[i]}`)
  }
}
