import type { ErrorCode } from '../../messages/errors.js'
import type { CoreOut, PathOut } from '../contract/core.js'
import type { MuxerEvent } from '../contract/muxer.js'
import type { SecureSession } from '../contract/security.js'
import { copied } from './copied.js'

/** A path as its muxer's sink sees it. It is the sink of its session itself. */
export interface MuxerPath extends PathOut<never> {
  readonly session: SecureSession
  tell (event: MuxerEvent): void
}

/** Where the muxer of a path puts what it has to say. An object of a class: functions of its own would be four for each connection. */
export class MuxerOut implements CoreOut<MuxerEvent> {
  private readonly path: MuxerPath

  constructor (path: MuxerPath) {
    this.path = path
  }

  write (bytes: Uint8Array): void {
    this.path.session.send(bytes, this.path)
  }

  lend (bytes: Uint8Array): void {
    const { path } = this
    path.session.send(path.session.lends ? copied(bytes) : bytes, path)
  }

  emit (event: MuxerEvent): void {
    this.path.tell(event)
  }

  fail (code: ErrorCode, text: string): void {
    this.path.fail(code, text)
  }
}
