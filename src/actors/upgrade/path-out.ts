/**
 * The sinks of the two cores of a path: where the session puts frames and plaintext, and where the muxer puts what it has to say.
 * Objects of two classes, and not of functions of their own: a connection has nine of those.
 */
import type { ErrorCode } from '../../messages/errors.js'
import type { CoreOut, PathOut } from '../contract/core.js'
import type { MuxerEvent } from '../contract/muxer.js'
import type { SecureSession } from '../contract/security.js'
import { copied } from './copied.js'

/** What a path does with what its cores say. */
export interface PathParts {
  readonly session: SecureSession
  readonly sessionOut: PathOut<never>
  /** A sealed frame, or a part of one. */
  toLink (bytes: Uint8Array, sole?: boolean): void
  toMuxer (plaintext: Uint8Array): void
  tell (event: MuxerEvent): void
  /** A core has failed. */
  failed (code: ErrorCode, text: string): void
}

export class SessionOut implements PathOut<never> {
  private readonly path: PathParts

  constructor (path: PathParts) {
    this.path = path
  }

  write (bytes: Uint8Array, sole?: boolean): void {
    this.path.toLink(bytes, sole)
  }

  lend (bytes: Uint8Array): void {
    this.path.toLink(copied(bytes))
  }

  deliver (bytes: Uint8Array): void {
    this.path.toMuxer(bytes)
  }

  emit (): void {
    // A session has nothing to say.
  }

  fail (code: ErrorCode, text: string): void {
    this.path.failed(code, text)
  }
}

export class MuxerOut implements CoreOut<MuxerEvent> {
  private readonly path: PathParts

  constructor (path: PathParts) {
    this.path = path
  }

  write (bytes: Uint8Array): void {
    const { session, sessionOut } = this.path
    session.send(bytes, sessionOut)
  }

  lend (bytes: Uint8Array): void {
    const { session, sessionOut } = this.path
    session.send(session.lends ? copied(bytes) : bytes, sessionOut)
  }

  emit (event: MuxerEvent): void {
    this.path.tell(event)
  }

  fail (code: ErrorCode, text: string): void {
    this.path.failed(code, text)
  }
}
