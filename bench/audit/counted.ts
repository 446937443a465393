/**
 * What the budgets count (design 0.10), and the same of js-libp2p. The first line whose pattern fits a file says what it is:
 *
 * - `behaviour`: counted;
 * - `kernel`: what runs the rest and knows nothing of libp2p. Counted by the stricter of the two figures;
 * - `data`: values, codecs, bytes, crypto, and machines, which are tables. Not counted.
 */
export type Kind = 'behaviour' | 'kernel' | 'data'

const lines: readonly (readonly [RegExp, Kind])[] = [
  // Ours.
  [/^src\/.*\.machine\.ts$/, 'data'],
  [/^src\/messages\//, 'data'],
  [/^src\/runtime\/(bytes|crypto)\//, 'data'],
  [/^src\/runtime\/io\//, 'behaviour'],
  [/^src\/runtime\//, 'kernel'],
  [/^src\//, 'behaviour'],

  // js-libp2p: values, codecs, bytes and crypto, also those that lie in the packages of protocols.
  [/^(multiformats|uint8arrays|uint8arraylist|uint8-varint|protons-runtime)\//, 'data'],
  [/^(@multiformats\/[^/]+|@noble\/[^/]+|@chainsafe\/as-[^/]+)\//, 'data'],
  [/^@libp2p\/(crypto|interface|peer-id|peer-collections|peer-record)\//, 'data'],
  [/^@libp2p\/noise\/dist\/src\/(crypto\/|crypto\.js|proto\/|nonce|encoder|logger)/, 'data'],
  [/^@libp2p\/yamux\/dist\/src\/(encode|constants|config)/, 'data'],
  [/^@libp2p\/peer-store\/dist\/src\/(pb|utils)\//, 'data'],
  [/^(interface-datastore|interface-store)\//, 'data'],
  // What runs the machines.
  [/^xstate\//, 'kernel'],
  // Events, queues, locks, signals, logging: what carries its parts, as our kernel does ours.
  [/^(main-event|it-queue|mortice|race-signal|race-event|any-signal|p-defer|p-event|progress-events|delay|weald|datastore-core)\//, 'kernel'],
  [/^it-[^/]+\//, 'kernel'],
  [/^@libp2p\/logger\//, 'kernel'],
  [/^@libp2p\/utils\/dist\/src\/(queue|debounce|repeating-task|is-promise)/, 'kernel']
]

/** Node's own files and this program's count for nobody. */
export function kindOf (file: string): Kind | undefined {
  if (file === '' || file === 'audit' || file.startsWith('node:')) return undefined
  return lines.find(([pattern]) => pattern.test(file))?.[1] ?? 'behaviour'
}

export const budgets = {
  /** Files from the socket's callback to the reader, kernel included. */
  inboundFiles: 6,
  inboundEvents: 0,
  /**
   * Beside the one of the reader's call. Not zero: now and then a read gives so much credit that it must be written, and waiting
   * for the end of that run takes one.
   */
  promisesPerFrame: 0.1,
  // Files of actors. That a dial goes through so many files beside is the price of one concept a file (docs/decisions.md 37).
  dialActors: 12,
  // Without the kernel: no budget of the design's, but it should not grow unnoticed.
  dialFiles: 50,
  protocolLines: 20
} as const
