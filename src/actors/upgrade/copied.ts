/** In memory of its own. Not `slice`, which of a Buffer makes a view. */
export function copied (bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}
