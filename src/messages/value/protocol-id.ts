/**
 * Names of protocols: compared byte for byte, never interpreted. They begin with a slash (rust refuses others), and must fit
 * into one multistream token of 1,024 bytes with its newline (go and js accept no longer one).
 */
export type ProtocolId = `/${string}`

export const maxProtocolIdBytes = 1023

const utf8 = new TextEncoder()

/** True for what can be negotiated: begins with a slash, has no control character (above all no newline), is not too long. */
export function isProtocolId (text: string): text is ProtocolId {
  return text.startsWith('/') && !unprintable.test(text) && utf8.encode(text).length <= maxProtocolIdBytes
}

/** @throws TypeError that names the argument and says what is wrong with it */
export function checkProtocolId (name: string, text: string): asserts text is ProtocolId {
  if (typeof text === 'string' && isProtocolId(text)) return
  throw new TypeError(`${name}: a protocol id begins with '/', has no control characters and at most ${maxProtocolIdBytes} bytes; got ${describe(text)}`)
}

function describe (value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}...` : value) : typeof value
}

/** Control characters, and halves of surrogate pairs. */
const unprintable = /[\p{Cc}\p{Cs}]/u
