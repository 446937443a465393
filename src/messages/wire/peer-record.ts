/** `PeerRecord` as it travels (libp2p/specs RFC 0003), inside an envelope. `value/peer-record.ts` makes values of it. */
import { DecodeFailure } from './failure.js'
import { maxEnvelopeBytes } from './envelope.js'
import { ProtobufReader } from './protobuf-reader.js'
import { ProtobufWriter } from './protobuf-writer.js'

export interface PeerRecordMessage {
  /** Binary peer id. */
  readonly peerId: Uint8Array
  readonly seq: bigint
  /** Binary multiaddrs. */
  readonly addresses: readonly Uint8Array[]
}

/** As many as go keeps of a connected peer. */
export const maxRecordAddresses = 500

export function encodePeerRecord (message: PeerRecordMessage): Uint8Array {
  const writer = new ProtobufWriter().bytes(1, message.peerId).uint64(2, message.seq)
  for (const address of message.addresses) writer.message(3, new ProtobufWriter().bytes(1, address))
  return writer.finish()
}

/** `seq` is 0 when it is not there: proto3 leaves out zeros. */
export function decodePeerRecord (bytes: Uint8Array): PeerRecordMessage | DecodeFailure {
  const reader = new ProtobufReader('peer record', bytes, maxEnvelopeBytes)
  let peerId: Uint8Array | undefined
  let seq = 0n
  const addresses: Uint8Array[] = []
  while (reader.next()) {
    switch (reader.field) {
      case 1: peerId = reader.bytes('peer_id', maxEnvelopeBytes); break
      case 2: seq = reader.uint64('seq'); break
      case 3: reader.add('addresses', addresses, address(reader.message('addresses', maxEnvelopeBytes)), maxRecordAddresses); break
    }
  }
  if (reader.failure !== undefined) return reader.failure
  return peerId === undefined ? new DecodeFailure('missing', 'peer record.peer_id') : { peerId, seq, addresses }
}

/** `AddressInfo`: one field, so that more may come. */
function address (reader: ProtobufReader): Uint8Array {
  let multiaddr: Uint8Array = nothing
  while (reader.next()) if (reader.field === 1) multiaddr = reader.bytes('multiaddr', maxEnvelopeBytes)
  return multiaddr
}

const nothing = new Uint8Array(0)
