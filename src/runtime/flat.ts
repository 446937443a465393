/**
 * The same text in one piece. V8 keeps a text that was put together as a tree of its parts, 32 bytes for each, until somebody looks
 * into it: 1.3 KiB for a peer id that grew letter by letter.
 */
export function flat (text: string): string {
  return text.charCodeAt(0) >= 0 ? text : ''
}
