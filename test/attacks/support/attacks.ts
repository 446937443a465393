/**
 * The attacks: what each does, what stops it, and with which codes whoever makes it is cut or refused. What they do is in
 * `assaults.ts`, and in `arena.ts` where something must be done or looked at at the node itself.
 *
 * The common pass rule: honest peers go on (their pings take less than 50 ms in 99 of 100, or less than three times as long as beside
 * a process that burns the same CPU without connecting); what the attacker uses stays under its account; it is cut, or refused,
 * with a named reason; when it has gone, the node is as it was; and the process goes on.
 */
import { observedDefaults } from '../../../src/actors/address-manager/observed.core.js'
import { connectionDefaults } from '../../../src/actors/connection/connection.actor.js'
import { yamuxDefaults } from '../../../src/actors/muxer/yamux/yamux-options.js'
import { admissionDefaults } from '../../../src/actors/swarm/admission.core.js'
import { streamsDefaults } from '../../../src/actors/stream/streams.actor.js'
import { pathDefaults } from '../../../src/actors/upgrade/upgrade-options.js'
import type { ErrorCode } from '../../../src/messages/errors.js'
import { identifyLimits } from '../../../src/messages/wire/identify.js'
import type { Deeds } from './siege.js'

export interface Attack {
  /** Of the list in the issue: `A7`; a letter behind it where there are several. */
  readonly id: string
  readonly what: string
  /** What stops it, for the table: names and values of the limits. */
  readonly limit: string
  /** The named reasons of ends, and at least how often each must be. None: it stays within its bounds for as long as it likes. */
  readonly codes: Readonly<Partial<Record<ErrorCode, number>>>
  /** What must stand in the text of one of those ends. */
  readonly says?: string
  /** What the attacker must have got done at least: or it was none. */
  readonly deeds: Readonly<Partial<Record<Amounts, number>>>
  /** How long it goes on, in milliseconds; until it is cut, when that is sooner. Default 1,500. */
  readonly ms?: number
  /** Most actors and buffered bytes that it may hold in all. */
  readonly most?: { readonly actors?: number, readonly bytes?: number }
  /** Waits for deadlines, or counts to thousands, or for a read that brings a thousand at once: means nothing when it is shortened. */
  readonly patient?: true
}

type Amounts = { [K in keyof Deeds]: Deeds[K] extends number ? K : never }[keyof Deeds]

const upgradeMs = 10_000
const a = admissionDefaults
const y = yamuxDefaults
/** Of a connection that is being upgraded: itself and its upgrade; of one that is open: itself, its streams, and the one in which we ask who it is. */
const upgrading = 2
const open = 3

export const attacks: readonly Attack[] = [
  {
    id: 'A1', what: 'connect, and send nothing from some step of the upgrade on', limit: `timeouts.inboundUpgradeMs ${upgradeMs}`,
    codes: { 'upgrade/timeout': 72 }, deeds: { connections: 72, cut: 72 }, ms: 13_000, patient: true, most: { actors: 72 * upgrading }
  },
  {
    id: 'A2', what: 'one byte of the upgrade in half a second, from each step on', limit: `timeouts.inboundUpgradeMs ${upgradeMs}`,
    codes: { 'upgrade/timeout': 72 }, deeds: { connections: 72, cut: 72 }, ms: 13_000, patient: true, most: { actors: 72 * upgrading }
  },
  {
    id: 'A3a', what: 'connections without end from one address', limit: `connections.pendingPerPrefix ${a.pendingPerPrefix}`,
    codes: { 'limit/connections': 1 }, says: 'pendingPerPrefix', deeds: { cut: 200 }, most: { actors: a.pendingPerPrefix * upgrading }
  },
  {
    id: 'A3b', what: 'connections without end from many addresses', limit: `connections.pending ${a.pending}`,
    codes: { 'limit/connections': 1 }, says: '\'pending\'', deeds: { cut: 200 }, patient: true, most: { actors: a.pending * upgrading }
  },
  {
    id: 'A3c', what: 'connections with many keys from one address', limit: `connections.inboundPerPrefix ${a.inboundPerPrefix}`,
    codes: { 'limit/connections': 1 }, says: 'inboundPerPrefix', deeds: { connections: 256 }, ms: 6000, patient: true, most: { actors: a.inboundPerPrefix * open }
  },
  {
    id: 'A3d', what: 'connections without end of one peer', limit: `connections.perPeer ${a.perPeer}`,
    codes: { 'limit/connections': 10 }, says: 'perPeer', deeds: { cut: 10 }, most: { actors: a.perPeer * open + a.pendingPerPrefix * upgrading }
  },
  {
    id: 'A4a', what: 'RSA keys of 16,384 to 500,000 bits, the longest that fit in a handshake, and keys that are no keys, as identity', limit: 'RSA keys of 2,048 to 8,192 bits, looked at before anything is computed',
    codes: { 'upgrade/handshake-failed': 10 }, deeds: { cut: 10 }, most: { actors: a.pendingPerPrefix * upgrading }
  },
  {
    id: 'A4b', what: 'RSA keys of 16,384 bits in identify pushes, as the sender\'s own and as that of his record', limit: 'RSA keys of 2,048 to 8,192 bits; one push a second',
    codes: { 'stream/protocol-violation': 2, 'record/malformed': 2 }, deeds: { streams: 4 }
  },
  {
    id: 'A5', what: 'identity signed by another key, for another static key, and replayed; another peer than the one dialed', limit: 'the signature over the static key of this very handshake',
    codes: { 'upgrade/bad-signature': 10, 'upgrade/peer-mismatch': 1 }, deeds: { cut: 10 }, most: { actors: a.pendingPerPrefix * upgrading }
  },
  {
    id: 'A6a', what: 'proposals of security protocols without end', limit: '1,000 proposals a negotiation, a list counting as many as it has entries',
    codes: { 'upgrade/no-security': 5 }, says: '1000 proposals', deeds: { cut: 5 }, most: { actors: a.pendingPerPrefix * upgrading }
  },
  {
    id: 'A6b', what: 'names of 64 KiB, and lengths that do not end, as proposals', limit: 'the length of a proposal, at its length',
    codes: { 'upgrade/negotiation-failed': 10 }, says: 'too-long', deeds: { cut: 10 }, most: { actors: a.pendingPerPrefix * upgrading }
  },
  {
    id: 'A6c', what: 'the same on streams', limit: '1,000 proposals a negotiation, the length of a proposal',
    codes: { 'stream/negotiation-failed': 20, 'stream/protocol-unsupported': 20 }, deeds: { streams: 100 }
  },
  {
    id: 'A7a', what: 'Noise frames of no bytes, and of 65,535 bytes of noise', limit: 'authentication of each frame',
    codes: { 'connection/protocol-violation': 5 }, deeds: { cut: 5 }, most: { actors: 100 }
  },
  {
    id: 'A7b', what: 'a frame with a wrong tag in the midst of good ones', limit: 'authentication of each frame',
    codes: { 'connection/protocol-violation': 5 }, deeds: { cut: 5, received: 250_000 }, most: { actors: 100 }
  },
  {
    id: 'A8a', what: 'streams opened without end, as they are refused', limit: `yamux.unacknowledged ${y.unacknowledged}, yamux.inboundStreams ${y.inboundStreams}`,
    codes: { 'limit/streams': 5000 }, deeds: { streams: 5000 }
  },
  {
    id: 'A8b', what: 'the same at line rate, without reading that they are refused', limit: `yamux.queuedResets ${y.queuedResets}`,
    codes: { 'limit/connection-memory': 1 }, says: 'resets wait', deeds: { streams: 5000 }
  },
  {
    id: 'A9a', what: 'streams opened and reset at once, as fast as the line takes them', limit: `1,024 messages a mailbox, yamux.queuedResets ${y.queuedResets}`,
    codes: { 'limit/connection-memory': 1 }, says: 'resets wait', deeds: { streams: 2000, cut: 1 }, patient: true
  },
  {
    id: 'A9b', what: 'streams opened, and reset as soon as they are answered, without end', limit: 'the protocol\'s limits.inbound 32; its actors end with the stream; turns of 1 ms',
    codes: { 'stream/reset': 500 }, deeds: { streams: 500 }, most: { actors: 4 * 32 + open }
  },
  {
    id: 'A9c', what: 'streams opened and reset at once, 50 a millisecond', limit: 'a stream that is gone gets no actor; turns of 1 ms', codes: {}, deeds: { streams: 20_000 }
  },
  {
    id: 'A9d', what: 'thousands of them in one write, and again as soon as it is cut', limit: `yamux.queuedResets ${y.queuedResets}, looked at before each stream`,
    codes: { 'limit/connection-memory': 20 }, deeds: { streams: 100_000, cut: 20 }
  },
  {
    id: 'A10a', what: 'a stream opened with more data than its window', limit: 'the window, at the header',
    codes: { 'connection/protocol-violation': 1 }, says: 'its window is', deeds: { cut: 1 }
  },
  {
    id: 'A10b', what: 'data beyond the window', limit: 'the window, at the header',
    codes: { 'connection/protocol-violation': 1 }, says: 'its window has', deeds: { cut: 1, sent: 200_000 }
  },
  {
    id: 'A10c', what: 'a window widened beyond 2^32 - 1', limit: '32 bits, as the specification has it',
    codes: { 'connection/protocol-violation': 1 }, says: 'beyond 2^32', deeds: { cut: 1 }
  },
  {
    id: 'A11a', what: 'pings without end', limit: `yamux.idleFrames ${y.idleFrames}, yamux.idleFramesPerSecond ${y.idleFramesPerSecond}`,
    codes: { 'limit/frame-rate': 1 }, says: 'pings', deeds: { cut: 1 }
  },
  {
    id: 'A11b', what: 'go-away, then streams and data without end', limit: 'both sides take no more streams: those behind it are refused',
    codes: { 'stream/connection-closed': 100 }, deeds: { streams: 100 }
  },
  {
    id: 'A11c', what: 'data for streams that never were', limit: `yamux.strayBytes ${y.strayBytes}`,
    codes: { 'connection/protocol-violation': 1 }, says: 'streams that are no more', deeds: { cut: 1, sent: 1_000_000 }
  },
  {
    id: 'A11d', what: 'the id of a living stream opened again', limit: 'none is opened twice',
    codes: { 'connection/protocol-violation': 1 }, says: 'opened twice', deeds: { cut: 1 }
  },
  {
    id: 'A11e', what: 'pongs that nobody asked for, without end', limit: `yamux.idleFrames ${y.idleFrames}, yamux.idleFramesPerSecond ${y.idleFramesPerSecond}`,
    codes: { 'limit/frame-rate': 1 }, says: 'pongs', deeds: { cut: 1 }
  },
  {
    id: 'A11f', what: 'frames that say nothing, with all flags that change nothing, without end', limit: `yamux.idleFrames ${y.idleFrames}, yamux.idleFramesPerSecond ${y.idleFramesPerSecond}`,
    codes: { 'limit/frame-rate': 1 }, says: 'frames of nothing', deeds: { cut: 1 }
  },
  {
    id: 'A11g', what: 'a ping behind each KiB of data, at line rate', limit: 'windows and turns of 1 ms: a ping costs no more than the data that pays for it', codes: {}, deeds: { frames: 5000, sent: 5_000_000 }
  },
  {
    id: 'A12a', what: '1,000 streams that are answered and never read', limit: `the protocol's limits.inbound, yamux.unacknowledged ${y.unacknowledged}, yamux.queuedFloorBytes ${y.queuedFloorBytes}, yamux.queuedConnectionBytes ${y.queuedConnectionBytes}`,
    codes: { 'limit/streams': 400 }, deeds: { streams: 1000, sent: 1_000_000 }
  },
  {
    id: 'A12b', what: 'a connection that is never read', limit: `keepAlive.intervalMs ${connectionDefaults.intervalMs}, keepAlive.timeoutMs ${connectionDefaults.timeoutMs}`,
    codes: { 'connection/timeout': 1 }, deeds: { cut: 1 }, ms: 40_000, patient: true
  },
  {
    id: 'A13', what: 'streams that are opened and say nothing, silent ones and half-closed ones that are held', limit: `timeouts.streamMs ${streamsDefaults.negotiationMs}, the protocol's limits.inbound 32 and limits.idleMs`,
    codes: { 'stream/timeout': 80, 'limit/streams': 100 }, deeds: { streams: 300 }, ms: 13_000, patient: true
  },
  {
    id: 'A14a', what: 'data in frames of one byte, at line rate', limit: 'windows; of reads that take more than 1 ms one in a turn of the event loop', codes: {}, deeds: { frames: 100_000 }
  },
  {
    id: 'A14b', what: 'the same on as many connections as a peer may have', limit: `the same; connections.perPeer ${a.perPeer}`, codes: {}, deeds: { connections: 8, frames: 100_000 }
  },
  {
    id: 'A15', what: 'a stream drained, then the connection cut while the answer is being written, over and over', limit: 'one owner of each link', codes: { 'connection/reset': 10 },
    deeds: { connections: 10 }, most: { actors: 100, bytes: 2 * pathDefaults.unreadBytes + 2 * y.queuedConnectionBytes }
  },
  {
    id: 'A16a', what: 'identify pushes without end', limit: `limits.inbound 2 of identify, yamux.queuedResets ${y.queuedResets}`,
    codes: { 'limit/streams': 500, 'limit/connection-memory': 1 }, deeds: { streams: 1000, cut: 1 }
  },
  {
    id: 'A16b', what: 'identify pushes, no more than two at a time, without end', limit: 'a burst of 10 pushes, then one a second',
    codes: { 'limit/stream-rate': 100 }, deeds: { streams: 200 }
  },
  {
    id: 'A17', what: 'pushes of thousands of protocols and addresses in many messages', limit: `identify: ${identifyLimits.messages} messages of ${identifyLimits.messageBytes} bytes, ${identifyLimits.protocols} protocols, ${identifyLimits.addresses} addresses`,
    codes: { 'stream/protocol-violation': 1, 'stream/message-too-large': 1 }, deeds: { streams: 3 }
  },
  {
    id: 'A18', what: 'signed records of another peer, broken ones, and older ones behind newer ones', limit: 'the record must be of who sends it; numbers only grow',
    codes: { 'record/peer-mismatch': 1, 'record/bad-signature': 1 }, deeds: { streams: 4 }
  },
  {
    id: 'A19', what: 'false observed addresses of 100 peers in three networks', limit: `address manager: observers ${observedDefaults.observers} of different networks, observations ${observedDefaults.observations}, perNetwork ${observedDefaults.perNetwork}`,
    codes: {}, deeds: { connections: 100, streams: 100 }, ms: 8000, patient: true, most: { actors: 100 * (open + 2) }
  },
  {
    id: 'A33a', what: '10,000 handlers made to crash', limit: 'what belongs to a remote is never restarted, and never counted',
    codes: { 'handler/crashed': 9000 }, deeds: { streams: 10_000 }, ms: 30_000, patient: true
  },
  {
    id: 'A33b', what: '10,000 connection actors made to crash', limit: 'what belongs to a remote is never restarted, and never counted',
    codes: { 'connection/crashed': 10_000 }, deeds: { connections: 10_000, cut: 10_000 }, ms: 110_000, patient: true, most: { actors: 100 }
  },
  {
    id: 'A34', what: 'a mailbox filled: 20,000 streams in one burst', limit: `1,024 messages a mailbox, yamux.unacknowledged ${y.unacknowledged}`,
    codes: { 'limit/streams': 1000 }, deeds: { frames: 20_000, sent: 240_000 }
  },
  { id: 'A35', what: 'a handler whose message makes itself again, for ever', limit: 'turns of 1 ms, 1,024 messages; then input', codes: {}, deeds: { connections: 1 } },
  {
    id: 'A36', what: '20,000 names of protocols that nobody speaks', limit: 'nothing is kept by a name of the remote',
    codes: { 'stream/negotiation-failed': 15_000 }, deeds: { streams: 20_000 }, ms: 20_000, patient: true
  },
  { id: 'A37', what: 'an observer that is attached, and slow or broken', limit: 'records are made for who listens, none is queued; who throws is removed', codes: {}, deeds: { frames: 5000 } }
]

/** Of an attacker with one connection: its actors, and all that lies in its streams, in both directions. */
export const mostActors = open + 2 * y.inboundStreams
export const mostBytes = pathDefaults.unreadBytes + 65_536 + y.queuedConnectionBytes + y.inboundStreams * y.queuedFloorBytes
