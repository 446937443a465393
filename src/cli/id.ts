/** `troupe id`: who a key makes us. */
import type { PeerId } from '../index.js'
import { peerIdOf } from '../index.js'
import { commonHelp, noWords, Output, read, type Command, type ExitCode } from './command.js'
import { identity, keyType } from './identity.js'

export const command: Command = {
  summary: 'show, or make, an identity',
  help: `usage: troupe id [--data DIR | --key FILE] [--type TYPE] [--private] [--json]

Prints the peer id of a key: of the one in FILE, of the one kept in DIR (made when there is none), or of a fresh one.

  --data DIR     the key in DIR/identity.pem, readable by its owner only
  --key FILE     the key in FILE: PEM, or libp2p's protobuf as bytes or base64
  --type TYPE    of a key that is made: ed25519 (default), secp256k1, ecdsa, rsa
  --private      print the private key too, as PEM
${commonHelp}`,
  run
}

async function run (args: readonly string[]): Promise<ExitCode> {
  const { values } = read(args, {
    data: { type: 'string' },
    key: { type: 'string' },
    type: { type: 'string' },
    private: { type: 'boolean' }
  }, noWords)
  const out = new Output(values.json)
  const key = await identity({ data: values.data, key: values.key, type: keyType(values.type) })
  const peerId: PeerId = peerIdOf(key)
  const shown = values.private === true
  if (out.json) {
    out.object({ event: 'id', peerId: peerId.toString(), cid: peerId.toCid(), type: key.type, ...shown && { privateKey: key.toPem() } })
  } else {
    out.say(peerId.toString())
    if (shown) process.stdout.write(key.toPem())
  }
  return 0
}
