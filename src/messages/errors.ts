/**
 * Everything that can go wrong in the network and is nobody's bug, in one table. A code is `room/reason`; test codes, never
 * texts. Wrong arguments are `TypeError` or `RangeError`; a crash is the kernel's business.
 *
 * Wire codes are those of go-libp2p 0.48 (`core/network/conn.go`, `core/network/mux.go`; libp2p/specs pull 623, not merged),
 * which it sends in Yamux RST and GoAway frames and over QUIC. Others send 0 and ignore what we send.
 */

/** What is over: one stream, one connection, or something that the node as a whole cannot do. */
export type ErrorScope = 'stream' | 'connection' | 'node'

/** Whose doing it was: the application's, this stack's own (a limit, a deadline, a fault it found), or the other side's. */
export type ErrorInitiator = 'user' | 'local' | 'remote'

interface ErrorEntry {
  readonly scope: ErrorScope
  /** The usual one; an error may carry another. */
  readonly initiator: ErrorInitiator
  /** Sent when we end a stream (of scope `stream`) or a connection (of scope `connection`) for this reason. Default 0. */
  readonly wire?: number
  /** The same attempt may succeed if made again. */
  readonly retryable?: true
  /** What happened, for the reader of a log. */
  readonly sentence: string
  /** What the reader can do about it. */
  readonly advice: string
}

export const errorTable = {
  // --- an actor of ours ---------------------------------------------------------------------------------------------
  'actor/down': { scope: 'node', initiator: 'local', retryable: true,
    sentence: 'The part of the node that was asked has just ended; its supervisor starts it anew.',
    advice: 'Try again; inspect.why(path) tells what ended it.'
  },
  'actor/timeout': { scope: 'node', initiator: 'local', retryable: true,
    sentence: 'A part of the node did not answer in time.',
    advice: 'The node is overloaded, or the deadline too short: look at inspect.tree().'
  },
  'actor/refused': { scope: 'node', initiator: 'local', retryable: true,
    sentence: 'A part of the node has more to do than it may queue.',
    advice: 'Ask less often, or wait.'
  },
  'actor/crashed': { scope: 'node', initiator: 'local',
    sentence: 'A part of the node crashed: a bug of ours, or of the application\'s code in it.',
    advice: 'Look at the error, and report it with the output of inspect.why(path) if it is ours.'
  },
  'actor/killed': { scope: 'node', initiator: 'user',
    sentence: 'Somebody ended a part of the node by inspect.kill.',
    advice: 'Nothing: it was meant to be.'
  },
  'actor/done': { scope: 'node', initiator: 'local',
    sentence: 'A part of the node had done its work, and ended.',
    advice: 'Nothing: it was meant to be.'
  },
  'actor/stopped': { scope: 'node', initiator: 'local',
    sentence: 'A part of the node was not needed any more, and was stopped.',
    advice: 'Nothing: it was meant to be.'
  },

  // --- dialing ------------------------------------------------------------------------------------------------------
  'dial/no-addresses': { scope: 'connection', initiator: 'user',
    sentence: 'No address is known for this peer.',
    advice: 'Dial a full address, or put addresses of the peer into the peer store first.'
  },
  'dial/no-transport': { scope: 'connection', initiator: 'user',
    sentence: 'No transport of this node can dial the address.',
    advice: 'Add the transport that the address names, or dial another address of the peer.'
  },
  'dial/self': { scope: 'connection', initiator: 'user',
    sentence: 'The peer to dial is this node itself.',
    advice: 'Check the peer id.'
  },
  'dial/peer-mismatch': { scope: 'connection', initiator: 'user',
    sentence: 'The addresses to dial name another peer than the one to reach, or several.',
    advice: 'Dial one peer at a time: give its id once, or addresses that agree.'
  },
  'dial/gated': { scope: 'connection', initiator: 'local',
    sentence: 'The connection gater forbids this dial.',
    advice: 'Ask the gater in the options of the node.'
  },
  'dial/backoff': { scope: 'connection', initiator: 'local', retryable: true,
    sentence: 'Dialing this address failed a moment ago, and is not tried again yet.',
    advice: 'Wait, or dial with another address.'
  },
  'dial/resolve-failed': { scope: 'connection', initiator: 'local', retryable: true,
    sentence: 'The name in the address could not be resolved.',
    advice: 'Check the name and the resolver of this machine.'
  },
  'dial/refused': { scope: 'connection', initiator: 'remote', retryable: true,
    sentence: 'Nobody listens at the address.',
    advice: 'Check address and port, and that the other node runs.'
  },
  'dial/unreachable': { scope: 'connection', initiator: 'remote', retryable: true,
    sentence: 'There is no way to the address from here.',
    advice: 'Check the network of this machine; the address may be private to another one.'
  },
  'dial/timeout': { scope: 'connection', initiator: 'local', retryable: true,
    sentence: 'The connection was not there before the deadline.',
    advice: 'The peer may be gone or behind a firewall; a longer timeoutMs helps on slow paths only.'
  },
  'dial/no-socket': { scope: 'connection', initiator: 'local', retryable: true,
    sentence: 'The operating system had no socket for the dial.',
    advice: 'The cause says why; often this process has too many files open.'
  },
  'dial/failed': { scope: 'connection', initiator: 'remote', retryable: true,
    sentence: 'None of the addresses of this peer led to a connection.',
    advice: 'The cause holds one error for each address.'
  },
  'dial/too-many': { scope: 'connection', initiator: 'local', retryable: true,
    sentence: 'As many dials as the limits allow are under way and waiting.',
    advice: 'Dial less at once, or raise the limit.'
  },

  // --- listening ----------------------------------------------------------------------------------------------------
  'listen/no-transport': { scope: 'node', initiator: 'user',
    sentence: 'No transport of this node can listen on the address.',
    advice: 'Add the transport that the address names.'
  },
  'listen/address-in-use': { scope: 'node', initiator: 'local',
    sentence: 'Another program, or another listener of this node, has the address.',
    advice: 'Take another port; port 0 takes a free one.'
  },
  'listen/forbidden': { scope: 'node', initiator: 'local',
    sentence: 'The operating system does not let this process listen on the address.',
    advice: 'Ports below 1024 need a privilege; take a higher one.'
  },
  'listen/unavailable': { scope: 'node', initiator: 'local',
    sentence: 'This machine does not have the address.',
    advice: 'Listen on an address of one of its interfaces, or on 0.0.0.0 or ::.'
  },
  'listen/failed': { scope: 'node', initiator: 'local',
    sentence: 'The listener could not be started.',
    advice: 'The cause says why.'
  },

  // --- making a connection secure and multiplexed ---------------------------------------------------------------------
  'upgrade/timeout': { scope: 'connection', initiator: 'local', retryable: true,
    sentence: 'The other side did not finish the upgrade of the connection in time.',
    advice: 'It may be overloaded, or no libp2p node.'
  },
  'upgrade/closed': { scope: 'connection', initiator: 'remote', retryable: true,
    sentence: 'The other side closed the connection during its upgrade.',
    advice: 'It may have refused us: see its log.'
  },
  'upgrade/negotiation-failed': { scope: 'connection', initiator: 'remote', wire: 0x1000,
    sentence: 'What the other side sent is not multistream-select.',
    advice: 'It is probably no libp2p node, or expects another transport (TLS, HTTP) on this port.'
  },
  'upgrade/no-security': { scope: 'connection', initiator: 'remote', wire: 0x1000,
    sentence: 'Both sides have no security protocol in common.',
    advice: 'Configure Noise or TLS on both.'
  },
  'upgrade/no-muxer': { scope: 'connection', initiator: 'remote', wire: 0x1000,
    sentence: 'Both sides have no stream multiplexer in common.',
    advice: 'Configure Yamux on both.'
  },
  'upgrade/handshake-failed': { scope: 'connection', initiator: 'remote', wire: 0x1003,
    sentence: 'The security handshake failed: a message could not be read or decrypted.',
    advice: 'The path or the other side is broken, or somebody interferes.'
  },
  'upgrade/bad-signature': { scope: 'connection', initiator: 'remote', wire: 0x1003,
    sentence: 'The other side could not prove that it owns its identity key.',
    advice: 'Do not trust this address.'
  },
  'upgrade/peer-mismatch': { scope: 'connection', initiator: 'remote',
    sentence: 'Another peer answered than the one that was dialed.',
    advice: 'The address is out of date, or somebody interferes: get the address anew from its owner.'
  },
  'upgrade/crashed': { scope: 'connection', initiator: 'local', retryable: true,
    sentence: 'The upgrade of the connection crashed: a bug of ours.',
    advice: 'Report it with the output of inspect.why(path).'
  },
  'upgrade/gated': { scope: 'connection', initiator: 'local', wire: 0x1007,
    sentence: 'The connection gater refused the connection during its upgrade.',
    advice: 'Ask the gater in the options of the node.'
  },

  // --- a connection -----------------------------------------------------------------------------------------------------
  'connection/closed': { scope: 'connection', initiator: 'local',
    sentence: 'The connection was closed in order.',
    advice: 'Dial again when it is needed.'
  },
  'connection/reset': { scope: 'connection', initiator: 'remote', retryable: true,
    sentence: 'The connection broke: the other side or the network reset it.',
    advice: 'Dial again.'
  },
  'connection/timeout': { scope: 'connection', initiator: 'local', retryable: true,
    sentence: 'The other side has not answered for too long.',
    advice: 'It or the path to it is gone; dial again.'
  },
  'connection/protocol-violation': { scope: 'connection', initiator: 'remote', wire: 0x1003,
    sentence: 'The other side broke the rules of the multiplexer or of the security protocol.',
    advice: 'One of both implementations has a bug: inspect.why(path) names the rule.'
  },
  'connection/supplanted': { scope: 'connection', initiator: 'local', wire: 0x1004,
    sentence: 'A better connection to the same peer took its place.',
    advice: 'Nothing: new streams use the better one.'
  },
  'connection/trimmed': { scope: 'connection', initiator: 'local', wire: 0x1005,
    sentence: 'The connection manager closed it, since there were more connections than it keeps.',
    advice: 'Protect the peer, or raise the limit.'
  },
  'connection/shutdown': { scope: 'connection', initiator: 'local', wire: 0x1006,
    sentence: 'The node is stopping.',
    advice: 'Dial again when it runs.'
  },
  'connection/gated': { scope: 'connection', initiator: 'local', wire: 0x1007,
    sentence: 'The connection gater refused the connection.',
    advice: 'Ask the gater in the options of the node.'
  },
  'connection/crashed': { scope: 'connection', initiator: 'local', retryable: true,
    sentence: 'The actor of this connection crashed: a bug of ours.',
    advice: 'Report it with the output of inspect.why(path).'
  },

  // --- a stream ---------------------------------------------------------------------------------------------------------
  'stream/protocol-unsupported': { scope: 'stream', initiator: 'remote', wire: 0x1001,
    sentence: 'The other side does not speak any of the protocols asked for.',
    advice: 'See what identify says of it: node.peerStore.'
  },
  'stream/negotiation-failed': { scope: 'stream', initiator: 'remote', wire: 0x1001,
    sentence: 'The protocol of the stream could not be negotiated.',
    advice: 'One of both implementations of multistream-select has a bug.'
  },
  'stream/reset': { scope: 'stream', initiator: 'user',
    sentence: 'The stream was reset.',
    advice: 'When it was the other side: its handler failed or had enough.'
  },
  'stream/closed': { scope: 'stream', initiator: 'user',
    sentence: 'Both sides have ended the stream in order.',
    advice: 'Nothing: it was meant to be.'
  },
  'stream/crashed': { scope: 'stream', initiator: 'local',
    sentence: 'The actor of this stream crashed: a bug of ours.',
    advice: 'Report it with the output of inspect.why(path).'
  },
  'stream/ended': { scope: 'stream', initiator: 'remote',
    sentence: 'The stream ended before all that was expected had come.',
    advice: 'The other side closed early, or speaks another version of the protocol.'
  },
  'stream/timeout': { scope: 'stream', initiator: 'local', retryable: true,
    sentence: 'Nothing happened on the stream for too long.',
    advice: 'Raise the timeout where the protocol is slow by nature.'
  },
  'stream/write-after-close': { scope: 'stream', initiator: 'user',
    sentence: 'Something was written after our side of the stream had been closed.',
    advice: 'Write first, then close.'
  },
  'stream/concurrent-read': { scope: 'stream', initiator: 'user',
    sentence: 'Two readers wait for the same stream.',
    advice: 'Let one loop read, and hand on from there.'
  },
  'stream/protocol-violation': { scope: 'stream', initiator: 'remote', wire: 0x1004,
    sentence: 'The other side sent what the protocol of this stream does not allow.',
    advice: 'One of both implementations has a bug: inspect.why(path) names the rule.'
  },
  'stream/message-too-large': { scope: 'stream', initiator: 'remote', wire: 0x1004,
    sentence: 'A message is longer than this protocol allows.',
    advice: 'Raise the limit of the protocol on this side, if such messages are meant to be.'
  },
  'stream/supplanted': { scope: 'stream', initiator: 'remote', wire: 0x1005,
    sentence: 'Another stream took its place.',
    advice: 'Nothing.'
  },
  'stream/trimmed': { scope: 'stream', initiator: 'remote', wire: 0x1006,
    sentence: 'The stream was closed to free resources.',
    advice: 'Open another when it is needed.'
  },
  'stream/shutdown': { scope: 'stream', initiator: 'local', wire: 0x1007,
    sentence: 'The node, or the service behind the stream, is stopping.',
    advice: 'Open another when it runs.'
  },
  'stream/gated': { scope: 'stream', initiator: 'remote', wire: 0x1008,
    sentence: 'A rule of the other side forbids this stream.',
    advice: 'Ask its operator.'
  },
  'stream/connection-closed': { scope: 'stream', initiator: 'remote', retryable: true,
    sentence: 'The connection below the stream has ended.',
    advice: 'The cause says why; dial again.'
  },
  'stream/limited-connection': { scope: 'stream', initiator: 'local',
    sentence: 'The connection is limited (relayed), and the protocol has not opted in to that.',
    advice: 'Wait for a direct connection, or let the protocol run on limited ones.'
  },

  // --- a protocol handler -------------------------------------------------------------------------------------------------
  'handler/crashed': { scope: 'stream', initiator: 'local',
    sentence: 'The handler of this protocol threw or rejected.',
    advice: 'The cause is what it threw.'
  },
  'handler/drain-timeout': { scope: 'stream', initiator: 'local',
    sentence: 'The handler was done, but the other side did not end its side of the stream in time.',
    advice: 'Raise drainMs, or let the handler read to the end.'
  },

  // --- limits ---------------------------------------------------------------------------------------------------------------
  'limit/connections': { scope: 'connection', initiator: 'local', wire: 0x1001,
    sentence: 'There are as many connections as the limits allow.',
    advice: 'The text names the limit and its value; raise it, or close some.'
  },
  'limit/connection-rate': { scope: 'connection', initiator: 'local', wire: 0x1002, retryable: true,
    sentence: 'Connections come faster than the limits allow.',
    advice: 'Wait before the next attempt.'
  },
  'limit/frame-rate': { scope: 'connection', initiator: 'local', wire: 0x1002,
    sentence: 'Frames that bring nothing, pings most of them, came faster than the limits allow.',
    advice: 'The other side has a bug, or means harm: block it with the connection gater if it comes back.'
  },
  'limit/connection-memory': { scope: 'connection', initiator: 'local', wire: 0x1001,
    sentence: 'The connection would hold more memory than it may.',
    advice: 'Read faster, or raise the limit of bytes a connection.'
  },
  'limit/cpu': { scope: 'connection', initiator: 'local', wire: 0x1001,
    sentence: 'The node could not keep up, and this peer cost it the most time.',
    advice: 'The text says how much. If the peer is honest, make its protocol cheaper to handle, or raise the limits of overload.'
  },
  'limit/streams': { scope: 'stream', initiator: 'local', wire: 0x1002,
    sentence: 'There are as many streams as the limits allow.',
    advice: 'The text names the limit and its value; end some, or raise it.'
  },
  'limit/stream-rate': { scope: 'stream', initiator: 'local', wire: 0x1003, retryable: true,
    sentence: 'Streams or requests come faster than the limits allow.',
    advice: 'Wait before the next attempt.'
  },
  'limit/stream-memory': { scope: 'stream', initiator: 'local', wire: 0x1002,
    sentence: 'The stream would hold more memory than it may.',
    advice: 'Read faster, or raise the limit.'
  },

  // --- signed records ---------------------------------------------------------------------------------------------------------
  'record/malformed': { scope: 'stream', initiator: 'remote', wire: 0x1004,
    sentence: 'A signed record could not be read.',
    advice: 'The peer that sent it has a bug, or speaks a version that we do not know.'
  },
  'record/unknown-type': { scope: 'stream', initiator: 'remote',
    sentence: 'A signed record is of a type that we do not know.',
    advice: 'Nothing, where the record is optional.'
  },
  'record/bad-signature': { scope: 'stream', initiator: 'remote', wire: 0x1004,
    sentence: 'The signature of a record does not fit what it signs.',
    advice: 'Do not trust what came with it.'
  },
  'record/peer-mismatch': { scope: 'stream', initiator: 'remote', wire: 0x1004,
    sentence: 'A record was signed by another peer than the one it speaks of.',
    advice: 'Do not trust what came with it.'
  },
  'record/stale': { scope: 'stream', initiator: 'remote',
    sentence: 'A newer record of this peer is known already.',
    advice: 'Nothing.'
  },

  // --- the datastore of the peer store ------------------------------------------------------------------------------------------
  'store/open-failed': { scope: 'node', initiator: 'local', retryable: true,
    sentence: 'What is kept of peers could not be opened or read; the node goes on with what it learns, and tries again.',
    advice: 'The text says why; see whether the folder is there and this user may write in it.'
  },
  'store/in-use': { scope: 'node', initiator: 'local', retryable: true,
    sentence: 'Another process keeps its peers in the same folder; this node goes on without, and tries again.',
    advice: 'Give each node a folder of its own, or stop the other one.'
  },
  'store/write-failed': { scope: 'node', initiator: 'local', retryable: true,
    sentence: 'What was learned of peers could not be written; it is kept in memory, and written when that works again.',
    advice: 'The text says why; often the disk is full.'
  },
  'store/timeout': { scope: 'node', initiator: 'local', retryable: true,
    sentence: 'The datastore did not answer in time; the node goes on without it, and tries again.',
    advice: 'See whether the disk or the service behind it still works.'
  },
  'store/damaged': { scope: 'node', initiator: 'local',
    sentence: 'Some of what was kept of peers was damaged, and is left out.',
    advice: 'Nothing: most often a write was cut short. If it comes again, check the disk.'
  },

  // --- the application ----------------------------------------------------------------------------------------------------------
  'user/aborted': { scope: 'node', initiator: 'user',
    sentence: 'The signal that came with the call was aborted.',
    advice: 'Nothing: it was meant to be.'
  },
  'user/timeout': { scope: 'node', initiator: 'user', retryable: true,
    sentence: 'The call was not done before its deadline.',
    advice: 'Raise timeoutMs, if it is worth waiting for.'
  },
  'user/stopped': { scope: 'node', initiator: 'user',
    sentence: 'The node has been stopped, or is stopping.',
    advice: 'Create another one.'
  },
  'user/protocol-taken': { scope: 'node', initiator: 'user',
    sentence: 'Another handler is registered for this protocol.',
    advice: 'Unregister that one first.'
  }
} as const satisfies Readonly<Record<`${string}/${string}`, ErrorEntry>>

export type ErrorCode = keyof typeof errorTable

export interface NetworkErrorOptions {
  /** What the sentence of the table cannot know: names, numbers, the limit and its value. */
  readonly detail?: string
  /** What brought it about. Always passed on, never swallowed. */
  readonly cause?: unknown
  /** Path of the actor that reports it. */
  readonly path?: string
  /** Default: the usual one, of the table. */
  readonly initiator?: ErrorInitiator
  /** The number that came over the wire. */
  readonly wireCode?: number
  /** Type of the message that decided it. */
  readonly event?: string
}

/** Why something ended or could not be done: what began it, as plain data. */
export interface Reason {
  readonly code: ErrorCode
  readonly scope: ErrorScope
  readonly initiator: ErrorInitiator
  /** What happened. */
  readonly sentence: string
  /** What the sentence cannot know: names, numbers, the limit and its value. */
  readonly detail?: string
  /** What the reader can do about it. */
  readonly advice: string
  /** Path of the first actor: where it began, or was found out. */
  readonly actor?: string
  /** Type of the message that this actor handled then. */
  readonly event?: string
  /** The number that the other side sent with it. */
  readonly wireCode?: number
  /** What followed from it, down to what was asked about. */
  readonly led: readonly Consequence[]
}

/** A step on the way from the root. */
export interface Consequence {
  readonly code: ErrorCode
  readonly actor?: string
}

/** What a correct program may meet. `code` says what; everything else helps people. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError'
  readonly code: ErrorCode
  readonly scope: ErrorScope
  readonly initiator: ErrorInitiator
  /** Path of the actor that reported it, where there is one. */
  readonly path: string | undefined
  /** The number that the other side sent with it, where it sent one. */
  readonly wireCode: number | undefined
  /** What the sentence of the table cannot know. */
  readonly detail: string | undefined
  /** Type of the message that decided it, where it is known. */
  readonly event: string | undefined

  constructor (code: ErrorCode, options: NetworkErrorOptions = {}) {
    const entry: ErrorEntry = errorTable[code]
    const { detail, cause, event, path, initiator, wireCode } = options
    super(detail === undefined ? entry.sentence : `${entry.sentence.replace(/\.$/, '')}: ${detail}`, cause === undefined ? undefined : { cause })
    this.code = code
    this.scope = entry.scope
    this.initiator = initiator ?? entry.initiator
    this.path = path
    this.wireCode = wireCode
    this.detail = detail
    this.event = event
  }

  /**
   * What began it: the deepest cause. Where several things had to fail (the addresses of a dial), and not all for the same reason,
   * the one that they all led to.
   */
  get reason (): Reason {
    const chain = causesOf(this)
    const [root = this] = chain
    const { advice, code, detail, event, initiator, scope, wireCode } = root
    const actor = chain.find(({ path }) => path !== undefined)?.path
    return {
      code,
      scope,
      initiator,
      sentence: errorTable[code].sentence,
      ...detail !== undefined && { detail },
      advice,
      ...actor !== undefined && { actor },
      ...event !== undefined && { event },
      ...wireCode !== undefined && { wireCode },
      led: chain.slice(1).map(({ code, path }) => ({ code, ...path !== undefined && { actor: path } }))
    }
  }

  /** What the reader can do about it. */
  get advice (): string {
    return errorTable[this.code].advice
  }

  /** The same attempt may succeed if made again. */
  get retryable (): boolean {
    const entry: ErrorEntry = errorTable[this.code]
    return entry.retryable === true
  }
}

/** From the root down to the error itself. */
function causesOf (error: NetworkError): readonly NetworkError[] {
  const chain = [error]
  for (let cause = single(error.cause); cause !== undefined && chain.length < mostCauses; cause = single(cause.cause)) chain.push(cause)
  return chain.reverse()
}

const mostCauses = 32

/** The one cause; of several that are alike the first. */
function single (cause: unknown): NetworkError | undefined {
  if (cause instanceof NetworkError) return cause
  if (!(cause instanceof AggregateError)) return undefined
  const causes = cause.errors as unknown[]
  const [first] = causes
  return first instanceof NetworkError && causes.every(other => other instanceof NetworkError && other.code === first.code) ? first : undefined
}

export function isErrorCode (text: string): text is ErrorCode {
  return Object.hasOwn(errorTable, text)
}

/** What to send when a stream or connection ends for this reason: 0 where there is no number for it, or none of that scope. */
export function wireCodeOf (code: ErrorCode, scope: 'stream' | 'connection'): number {
  const entry: ErrorEntry = errorTable[code]
  return entry.scope === scope ? entry.wire ?? 0 : 0
}

/** Of the codes that share a number, the most general. */
const received = {
  stream: new Map<number, ErrorCode>([
    [0x1001, 'stream/negotiation-failed'],
    [0x1002, 'limit/streams'],
    [0x1003, 'limit/stream-rate'],
    [0x1004, 'stream/protocol-violation'],
    [0x1005, 'stream/supplanted'],
    [0x1006, 'stream/trimmed'],
    [0x1007, 'stream/shutdown'],
    [0x1008, 'stream/gated']
  ]),
  connection: new Map<number, ErrorCode>([
    [0, 'connection/closed'],
    [0x1000, 'upgrade/negotiation-failed'],
    [0x1001, 'limit/connections'],
    [0x1002, 'limit/connection-rate'],
    [0x1003, 'connection/protocol-violation'],
    [0x1004, 'connection/supplanted'],
    [0x1005, 'connection/trimmed'],
    [0x1006, 'connection/shutdown'],
    [0x1007, 'connection/gated']
  ])
} as const

/** What a number that came from the other side means; its initiator is `remote`. Unknown ones are a plain reset. */
export function codeFromWire (wire: number, scope: 'stream' | 'connection'): ErrorCode {
  return received[scope].get(wire) ?? (scope === 'stream' ? 'stream/reset' : 'connection/reset')
}
