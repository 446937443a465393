/**
 * The architecture, as tables. check.ts reads the sources and reports what does not fit.
 *
 * Files are written from the root of the repository. In a pattern `*` stands for anything within one folder and `**` for
 * any depth; `./**` is the importing file's own folder and what is below it. A package name covers its subpaths.
 */

/** Some files, and all that they may import: what no line allows is forbidden. */
export interface Room {
  readonly files: string
  /** May be imported for values and types. */
  readonly may?: readonly string[]
  /** May be imported with `import type` only. */
  readonly mayTypes?: readonly string[]
  /** Exceptions to the two above. */
  readonly mayNot?: readonly string[]
  /** Of these packages only these names, when imported for values. */
  readonly only?: Readonly<Record<string, readonly string[]>>
  /** What else must hold for the file: it declares types and does nothing, or it re-exports and does nothing. */
  readonly body?: 'types' | 're-exports'
}

const contract = 'src/actors/contract/**'
const actorsAndPorts = ['src/**/*.actor.ts', 'src/**/*.port.ts']

/** The first line whose pattern fits a file is its room. */
export const rooms: readonly Room[] = [
  // The kernel. It knows nothing of libp2p, and few of its files know of anything else.
  { files: 'src/runtime/behavior/machine.ts', may: ['src/runtime/**', 'xstate'] },
  { files: 'src/runtime/behavior/compile.ts', may: ['src/runtime/**'], mayTypes: ['xstate'] },
  { files: 'src/runtime/io/**', may: ['src/runtime/**', 'node:*'] },
  { files: 'src/runtime/crypto/**', may: ['src/runtime/**', 'node:crypto', '@noble/curves', '@noble/ciphers', '@noble/hashes'] },
  { files: 'src/runtime/inspect/observe.ts', may: ['src/runtime/**', 'rxjs', 'node:module'] },
  { files: 'src/runtime/inspect/**', may: ['src/runtime/**', 'node:diagnostics_channel', 'node:crypto'], mayTypes: ['rxjs'] },
  { files: 'src/runtime/time/**', may: ['src/runtime/**', 'node:perf_hooks'] },
  { files: 'src/runtime/task.ts', may: ['src/runtime/**', 'node:async_hooks'] },
  { files: 'src/runtime/containment.ts', may: ['src/runtime/**', 'node:async_hooks'] },
  { files: 'src/runtime/random.ts', may: ['src/runtime/**', 'node:crypto'] },
  { files: 'src/runtime/sim/guard.ts', may: ['src/runtime/**', 'node:async_hooks'] },
  { files: 'src/runtime/**', may: ['src/runtime/**'] },

  // Descriptions of data.
  {
    files: 'src/messages/**',
    may: ['src/messages/**', 'src/runtime/bytes/**', 'multiformats', 'uint8arrays', '@multiformats/multiaddr', 'protons-runtime'],
    // What travels as the handle of a message is described by the contract.
    mayTypes: ['src/runtime/**', contract]
  },

  // The network. Between actor folders there is never code, only messages and the types of the contract.
  { files: contract, mayTypes: [contract, 'src/messages/**', 'src/runtime/**'], body: 'types' },
  {
    files: 'src/actors/**/*.machine.ts',
    may: ['./**', 'src/runtime/behavior/effects.ts', 'xstate'],
    mayTypes: ['src/messages/**', contract],
    mayNot: actorsAndPorts,
    only: { xstate: ['setup', 'assign', 'raise', 'cancel', 'emit', 'and', 'or', 'not', 'stateIn'] }
  },
  {
    files: 'src/actors/**/*.core.ts',
    may: ['./**', 'src/messages/**', 'src/runtime/bytes/**'],
    mayTypes: ['src/runtime/crypto/provider.ts', contract],
    mayNot: actorsAndPorts
  },
  // The one file of this package that is no code.
  { files: 'src/actors/node/version.port.ts', may: ['node:module', 'troupe/package.json'] },
  { files: 'src/actors/**/*.port.ts', may: ['./**', 'src/messages/**', 'src/runtime/bytes/**'], mayTypes: ['src/runtime/**', contract] },
  { files: 'src/actors/node/**', may: ['src/actors/**', 'src/messages/**', 'src/runtime/**', 'rxjs'] },
  { files: 'src/actors/**/*.actor.ts', may: ['./**', 'src/messages/**', 'src/runtime/**'], mayTypes: [contract] },
  // One family, with a folder for each kind of address: what those have in common stands beside them.
  { files: 'src/actors/transport/**', may: ['src/actors/transport/**', 'src/messages/**', 'src/runtime/bytes/**'], mayTypes: [contract], mayNot: actorsAndPorts },
  { files: 'src/actors/**', may: ['./**', 'src/messages/**', 'src/runtime/bytes/**'], mayTypes: [contract], mayNot: actorsAndPorts },

  // Users of the public face.
  {
    files: 'src/cli/**',
    may: ['./**', 'src/index.ts', 'src/runtime.ts', 'src/messages.ts', 'src/testnet.ts', 'node:*', 'troupe/package.json']
  },
  { files: 'src/inspector/page/**', may: ['./**'], mayTypes: ['src/messages/**'] },

  // The front doors. The first opens the other two as well: who makes a node needs values, and looks into its actors.
  {
    files: 'src/index.ts',
    may: ['src/actors/node/**', 'src/actors/echo/**', 'src/actors/perf/**', 'src/actors/protocol/**', 'src/messages/**', 'src/messages.ts', 'src/runtime/**', 'src/runtime.ts'],
    mayTypes: [contract],
    body: 're-exports'
  },
  { files: 'src/testnet.ts', may: ['src/actors/node/**', 'src/messages/**', 'src/runtime/**'], body: 're-exports' },
  { files: 'src/runtime.ts', may: ['src/runtime/**'], body: 're-exports' },
  { files: 'src/messages.ts', may: ['src/messages/**'], body: 're-exports' }
]

/** Each `*.port.ts` touches exactly one outside library or Node built-in: file -> library. */
export const ports: Readonly<Record<string, string>> = {
  'src/actors/transport/interfaces.port.ts': 'node:os'
}

/** What may stand directly under src/. */
export const foldersUnderSrc: readonly string[] = ['actors', 'messages', 'runtime', 'cli', 'inspector']
export const filesUnderSrc: readonly string[] = ['index.ts', 'testnet.ts', 'runtime.ts', 'messages.ts']

/** Names by which time, chance and hidden imports come in, and the only files that may use them. */
export interface Guard {
  readonly names: readonly string[]
  readonly files: readonly string[]
}

/** Where several lines hold a name, each of them gives leave. */
export const guards: readonly Guard[] = [
  {
    names: [
      'Date', 'performance.now', 'process.hrtime', 'setTimeout', 'setInterval', 'setImmediate', 'scheduler.wait',
      'queueMicrotask', 'process.nextTick', 'AbortSignal.timeout'
    ],
    files: ['src/runtime/time/**', 'src/runtime/scheduler.ts']
  },
  // The simulated world waits until the microtask queue has run dry.
  { names: ['setImmediate'], files: ['src/runtime/sim/sim-world.ts'] },
  {
    names: [
      'Math.random', 'crypto.randomBytes', 'crypto.randomInt', 'crypto.randomUUID', 'crypto.randomFill', 'crypto.randomFillSync',
      'crypto.getRandomValues'
    ],
    files: ['src/runtime/random.ts']
  },
  // Keys and nonces; everything else asks a provider.
  { names: ['crypto.randomBytes'], files: ['src/runtime/crypto/node.ts'] },
  // Guards what others queue.
  { names: ['queueMicrotask'], files: ['src/runtime/containment.ts'] },
  { names: ['process.getBuiltinModule'], files: [] }
]

/** The command line and the web page live outside of simulated time. */
export const unguarded: readonly string[] = ['src/cli/**', 'src/inspector/**']

/** The only file where the type `any` may stand: xstate's own types leave no other way to drive any machine. */
export const anyAllowed = 'src/runtime/behavior/machine.ts'

export const longestFile = 800
/** Files that are one long table of wire constants, and so may be longer. */
export const tables: readonly string[] = []
