/**
 * What the suite uses of Troupe's public API (design 1.13, 1.15), until that is in `src/index.ts`: then this file goes, and
 * `troupe-side.ts` imports the same names from there.
 */
export interface Api {
  createNode (options: { readonly privateKey: unknown, readonly listen: readonly string[], readonly protocols: readonly Protocol[] }): Promise<Node>
  generateKeyPair (type: 'Ed25519' | 'secp256k1' | 'ECDSA' | 'RSA'): Promise<unknown>
  echo (): Protocol
  perf (): Protocol
}

export interface PerfResult {
  readonly uploadedBytes: number
  readonly downloadedBytes: number
  readonly uploadMs: number
  readonly downloadMs: number
}

export interface Protocol {
  readonly ids: readonly string[]
  readonly limits: Limits
}

export interface Limits {
  readonly inbound: number
  readonly inboundPerPeer: number
}

export interface Text {
  toString (): string
}

export interface Node {
  readonly peerId: Text
  getMultiaddrs (): readonly Text[]
  getConnections (peer?: Text | string): readonly Connection[]
  dial (address: string): Promise<Connection>
  dialProtocol (address: string, protocol: string): Promise<Stream>
  ping (address: string): Promise<number>
  perf (address: string, options: { readonly uploadBytes: number, readonly downloadBytes: number }): Promise<PerfResult>
  handle (protocol: string, handler: (stream: Stream) => Promise<void> | void, options?: { readonly limits?: Partial<Limits> }): void
  hangUp (peer: string, options?: { readonly graceMs?: number }): Promise<number>
  addEventListener<N extends keyof Events> (name: N, listener: (event: { readonly detail: Events[N] }) => void): void
  stop (): Promise<void>
}

export interface Events {
  readonly 'peer:identify': {
    readonly peer: Text
    readonly agentVersion: string | undefined
    readonly protocolVersion: string | undefined
    readonly protocols: readonly string[]
    readonly listenAddresses: readonly Text[]
    readonly observedAddress: Text | undefined
  }
  readonly 'connection:open': unknown
  readonly 'connection:close': unknown
}

export interface Connection {
  readonly remotePeer: Text
  readonly streams: readonly Stream[]
  newStream (protocol: string): Promise<Stream>
  close (options?: { readonly graceMs?: number }): Promise<void>
}

export interface Stream extends AsyncIterable<Uint8Array> {
  readonly protocol: string
  readonly peer: Text
  read (): Promise<Uint8Array | null>
  readExactly (length: number): Promise<Uint8Array>
  readAll (options: { readonly maxBytes: number }): Promise<Uint8Array>
  write (bytes: Uint8Array): Promise<void>
  close (): Promise<void>
  reset (code?: string): void
}

/** @throws Error while there is no such API */
export async function loadTroupe (): Promise<Api> {
  const api = await find()
  if (api.createNode === undefined) throw new Error('Troupe has no createNode yet')
  return api as Api
}

export async function troupeIsThere (): Promise<boolean> {
  there ??= find().then(({ createNode }) => {
    if (createNode === undefined) console.error('\n!!! troupe: SKIPPED, it has no createNode yet\n')
    return createNode !== undefined
  })
  return await there
}

let there: Promise<boolean> | undefined

async function find (): Promise<Partial<Api>> {
  return await import('../../src/index.js') as Partial<Api>
}
