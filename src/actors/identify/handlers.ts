/** What becomes of inbound streams. Both handlers know the service by its board only. */
import { NetworkError } from '../../messages/errors.js'
import { failureOf } from '../../messages/failure.js'
import type { Failure } from '../../messages/failure.js'
import type { InboundHandler } from '../contract/protocol.js'
import type { Board } from './board.js'
import { receiveIdentify } from './receive.js'
import type { Verify } from './verify.core.js'

/** Says who we are. */
export function answer (board: Board): InboundHandler {
  return async (stream, { remoteAddress, signal }) => {
    const announcement = await board.read(signal)
    await stream.writePrefixed(announcement.messageFor(remoteAddress))
  }
}

/** Takes a peer's news, and hands what could be verified to the service; while that is down nothing is taken. */
export function takePush (board: Board, verify: Verify): InboundHandler {
  return async (stream, { peer, connection, signal }) => {
    const { service } = board
    if (service?.mayPush(peer) !== true) {
      stream.reset(service === undefined ? 'stream/shutdown' : 'limit/stream-rate')
      return
    }
    const failed = (failure: Failure): void => { service.tell({ type: 'identify.failed', kind: 'push', connection, peer, failure }) }
    try {
      const result = await receiveIdentify(stream, verify, signal)
      if ('code' in result) failed(result)
      else service.tell({ type: 'identify.pushed', result })
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error
      stream.reset(error.code)
      failed(failureOf(error, 'stream/reset'))
    }
  }
}
