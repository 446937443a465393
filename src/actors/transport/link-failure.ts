/** What a port says of a failure, in the words of the network. */
import type { ErrorCode } from '../../messages/errors.js'
import type { Failure } from '../../messages/failure.js'
import type { LinkFailure } from '../contract/transport.js'

type Codes = Readonly<Record<LinkFailure['code'], ErrorCode>>

const dialCodes: Codes = {
  'refused': 'dial/refused',
  'unreachable': 'dial/unreachable',
  // A firewall of this machine, as a rule.
  'forbidden': 'dial/unreachable',
  'timed-out': 'dial/timeout',
  'in-use': 'dial/no-socket',
  'not-local': 'dial/no-socket',
  'failed': 'dial/no-socket'
}

const listenCodes: Codes = {
  'in-use': 'listen/address-in-use',
  'not-local': 'listen/unavailable',
  'forbidden': 'listen/forbidden',
  'refused': 'listen/failed',
  'unreachable': 'listen/failed',
  'timed-out': 'listen/failed',
  'failed': 'listen/failed'
}

export function dialFailure (failure: LinkFailure, address: string): Failure {
  return inWords(dialCodes, failure, address)
}

export function listenFailure (failure: LinkFailure, address: string): Failure {
  return inWords(listenCodes, failure, address)
}

/** Of the system's own error only the text is left: messages carry data. */
function inWords (codes: Codes, { code, cause }: LinkFailure, address: string): Failure {
  return { code: codes[code], detail: cause === undefined ? address : `${address} (${cause.message})` }
}
