/**
 * The attacks: what each does, what stops it, and with which codes whoever makes it is cut or refused. What they do is in
 * `assaults.ts`, and in the suite itself where no remote is needed.
 *
 * The common pass rule: honest peers go on (their pings take less than 50 ms in 99 of 100, or less than three times as long as beside
 * a process that burns the same CPU without connecting); what the attacker uses stays under its account; it is cut, or refused,
 * with a named reason; when it has gone, the node is as it was; and the process goes on.
 */
import { observedDefaults } from '../../../src/actors/address-manager/observed.core.js'
import { yamuxDefaults } from '../../../src/actors/muxer/yamux/yamux-options.js'
import { admissionDefaults } from '../../../src/actors/swarm/admission.core.js'
import { streamsDefaults } from '../../../src/actors/stream/streams.actor.js'
import { pathDefaults } from '../../../src/actors/upgrade/upgrade-options.js'
import type { ErrorCode } from '../../../src/messages/errors.js'
import { identifyLimits } from '../../../src/messages/wire/identify.js'

export interface Attack {
  /** Of the list in the issue: `A8`; a letter behind it where there are several. */
  readonly id: string
  readonly what: string
  /** What stops it, for the table: names and values of the limits. */
  readonly limit: string
  /** At least one of these must be the named reason of an end. None: it stays within its bounds for as long as it likes. */
  readonly codes: readonly ErrorCode[]
  /** How long it goes on, in milliseconds; until it is cut, when that is sooner. Default 1,500. */
  readonly ms?: number
  /** Most actors and buffered bytes that it may hold in all. */
  readonly most?: { readonly actors?: number, readonly bytes?: number }
  /** Limits that do not hold for loopback addresses unless one says so. */
  readonly loopback?: true
  /** Takes ten seconds and more. */
  readonly patient?: true
}

const MiB = 2 ** 20
const upgradeMs = 10_000
const a = admissionDefaults
const y = yamuxDefaults

export const attacks: readonly Attack[] = [
  { id: 'A1', what: 'connect, and send nothing from some step of the upgrade on', limit: `timeouts.inboundUpgradeMs ${upgradeMs}, connections.pending ${a.pending}`, codes: ['upgrade/timeout'], ms: 13_000, patient: true },
  { id: 'A2', what: 'one byte of the upgrade in half a second, from each step on', limit: `timeouts.inboundUpgradeMs ${upgradeMs}`, codes: ['upgrade/timeout'], ms: 13_000, patient: true },
  { id: 'A3a', what: 'connections without end from one address', limit: `connections.pendingPerPrefix ${a.pendingPerPrefix}`, codes: ['limit/connections'], loopback: true },
  { id: 'A3b', what: 'connections without end from many addresses', limit: `connections.pending ${a.pending}`, codes: ['limit/connections'], loopback: true },
  { id: 'A3c', what: 'connections with many keys from one address', limit: `connections.inboundPerPrefix ${a.inboundPerPrefix}`, codes: ['limit/connections'], ms: 6000, loopback: true, most: { actors: 1100 } },
  { id: 'A3d', what: 'connections without end of one peer', limit: `connections.perPeer ${a.perPeer}`, codes: ['limit/connections'] },
  { id: 'A4', what: 'RSA keys of 16,384 to 1,048,576 bits, and keys that are no keys, as identity', limit: 'RSA keys of 2,048 to 8,192 bits, Noise messages of 65,535 bytes', codes: ['upgrade/handshake-failed', 'upgrade/bad-signature'] },
  { id: 'A5', what: 'identity signed by another key, for another static key, and replayed', limit: 'the signature over the static key of this very handshake', codes: ['upgrade/bad-signature'] },
  { id: 'A6a', what: 'proposals of security protocols without end', limit: 'proposals of one negotiation', codes: ['upgrade/negotiation-failed', 'upgrade/no-security'] },
  { id: 'A6b', what: 'names of 64 KiB, and lengths that do not end, as proposals', limit: 'bytes of one proposal', codes: ['upgrade/negotiation-failed'] },
  { id: 'A6c', what: 'the same on streams', limit: 'proposals of one negotiation, bytes of one proposal', codes: ['stream/negotiation-failed', 'stream/protocol-unsupported'] },
  { id: 'A7a', what: 'Noise frames of no bytes, and of 65,535 bytes of noise', limit: 'authentication of each frame', codes: ['connection/protocol-violation'] },
  { id: 'A7b', what: 'a frame with a wrong tag in the midst of good ones', limit: 'authentication of each frame', codes: ['connection/protocol-violation'] },
  { id: 'A8', what: 'streams opened without end', limit: `yamux.inboundStreams ${y.inboundStreams}, yamux.unacknowledged ${y.unacknowledged}, yamux.queuedResets ${y.queuedResets}`, codes: ['limit/connection-memory', 'limit/streams', 'connection/protocol-violation'] },
  { id: 'A9', what: 'streams opened and reset at once, without end', limit: `a stream that is gone has no actor; yamux.unacknowledged ${y.unacknowledged}`, codes: [] },
  { id: 'A10a', what: 'a stream opened with more data than its window', limit: 'the window, at the header', codes: ['connection/protocol-violation'] },
  { id: 'A10b', what: 'data beyond the window', limit: 'the window, at the header', codes: ['connection/protocol-violation'] },
  { id: 'A10c', what: 'a window widened beyond 2^32 - 1', limit: '32 bits, as the specification has it', codes: ['connection/protocol-violation'] },
  { id: 'A11a', what: 'pings without end', limit: `yamux.idleFrames ${y.idleFrames}, yamux.idleFramesPerSecond ${y.idleFramesPerSecond}, yamux.queuedPongs ${y.queuedPongs}`, codes: ['limit/frame-rate'] },
  { id: 'A11b', what: 'go-away, then streams and data without end', limit: `yamux.inboundStreams ${y.inboundStreams}; the end of the last stream`, codes: ['limit/connection-memory', 'limit/streams', 'connection/closed', 'connection/protocol-violation'] },
  { id: 'A11c', what: 'data for streams that never were', limit: `yamux.strayBytes ${y.strayBytes}`, codes: ['connection/protocol-violation'] },
  { id: 'A11d', what: 'one stream id opened twice', limit: 'ids are used once', codes: ['connection/protocol-violation'] },
  { id: 'A12', what: '1,000 streams that are answered and never read', limit: `yamux.inboundStreams ${y.inboundStreams}, yamux.queuedFloorBytes ${y.queuedFloorBytes}, path.unreadBytes ${pathDefaults.unreadBytes}, the protocol's limits.inbound, keepAlive`, codes: ['limit/streams', 'connection/timeout'], ms: 2500 },
  { id: 'A13', what: 'streams that are opened and say nothing, and half-closed ones that are held', limit: `streams.negotiationMs ${streamsDefaults.negotiationMs}, the protocol's limits.idleMs`, codes: ['stream/negotiation-failed', 'stream/timeout', 'limit/streams'], ms: 13_000, patient: true },
  { id: 'A14', what: 'data in frames of one byte, at line rate', limit: 'turns of 1 ms, windows: what is not read is not sent', codes: [] },
  { id: 'A15', what: 'a stream drained, then the connection cut while the answer is being written, over and over', limit: 'one owner of each link', codes: ['connection/reset', 'connection/closed'] },
  { id: 'A16', what: 'identify pushes without end', limit: 'a burst of 10 pushes, then one a second; limits.inboundPerPeer 2 of identify', codes: ['limit/stream-rate', 'limit/streams'] },
  { id: 'A17', what: 'pushes of thousands of protocols and addresses in many messages', limit: `identify: ${identifyLimits.messages} messages of ${identifyLimits.messageBytes} bytes, ${identifyLimits.protocols} protocols, ${identifyLimits.addresses} addresses`, codes: ['stream/protocol-violation', 'stream/message-too-large', 'limit/stream-rate', 'limit/streams'] },
  { id: 'A18', what: 'signed records of another peer, and older ones behind newer ones', limit: 'the record must be of who sends it; numbers only grow', codes: ['record/peer-mismatch'] },
  { id: 'A19', what: 'false observed addresses of 100 peers', limit: `address manager: observers ${observedDefaults.observers}; nothing of it is published`, codes: [], ms: 5000, most: { actors: 1000 } },
  { id: 'A33', what: 'handlers and connections made to crash 1,000 times', limit: 'what belongs to a remote is never restarted, and never counted', codes: ['handler/crashed', 'connection/crashed'], ms: 20_000 },
  { id: 'A34', what: 'a mailbox filled: 20,000 streams in one burst', limit: `1,024 messages a mailbox, yamux.unacknowledged ${y.unacknowledged}`, codes: ['limit/connection-memory', 'limit/streams', 'connection/protocol-violation'] },
  { id: 'A35', what: 'a handler whose message makes itself again, for ever', limit: 'turns of 1 ms, 1,024 messages; then input', codes: [] },
  { id: 'A36', what: '20,000 names of protocols that nobody speaks', limit: 'nothing is kept by a name of the remote: one label for all', codes: ['stream/protocol-unsupported', 'stream/negotiation-failed'], ms: 3000 },
  { id: 'A37', what: 'an observer that is attached, and slow or broken', limit: 'records are made for who listens, none is queued; who throws is removed', codes: [] }
]

/** Of an attacker with one connection: its actors, and all that its streams may buffer. */
export const mostActors = 2 * y.inboundStreams + 100
export const mostBytes = pathDefaults.unreadBytes + pathDefaults.windowGrowthBytes + 8 * MiB
