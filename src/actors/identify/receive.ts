/** Reads what a peer says of itself from a stream: of an exchange that we began, or of a push. */
import type { Failure } from '../../messages/failure.js'
import type { IdentifyResult } from '../../messages/identify.js'
import { DecodeFailure } from '../../messages/wire/failure.js'
import { decodeIdentify, identifyLimits, mergeIdentify } from '../../messages/wire/identify.js'
import type { Identify } from '../../messages/wire/identify.js'
import type { Stream } from '../contract/stream.js'
import type { Verify } from './verify.core.js'

/**
 * All messages up to the end of the remote's side, at most ten of at most 8 KiB, which count as one.
 *
 * @returns what they say; or what is wrong with them, the stream then being reset with that code
 * @throws (as rejection) the stream's error, and `user/aborted`
 */
export async function receiveIdentify (stream: Stream, verify: Verify, signal: AbortSignal): Promise<IdentifyResult | Failure> {
  const message = await readAll(stream, signal)
  const result = 'code' in message ? message : verify(message, stream)
  if ('code' in result) stream.reset(result.code)
  return result
}

async function readAll (stream: Stream, signal: AbortSignal): Promise<Identify | Failure> {
  let whole: Identify | undefined
  for (let count = 0; ; count++) {
    const bytes = await stream.readPrefixed({ maxBytes: identifyLimits.messageBytes, signal })
    if (bytes === null) return whole ?? { code: 'stream/ended', detail: 'no identify message came' }
    if (count === identifyLimits.messages) return { code: 'stream/protocol-violation', detail: `more than ${identifyLimits.messages} identify messages` }
    const message = decodeIdentify(bytes)
    if (message instanceof DecodeFailure) return { code: 'stream/protocol-violation', detail: message.toString() }
    whole = whole === undefined ? message : mergeIdentify(whole, message)
  }
}
