/**
 * What the machine gives, with no protocol at all.
 *
 * Bulk is the composed limit: blocks of 65,519 bytes, each sealed with ChaCha20-Poly1305 of `node:crypto`, preceded by its
 * length, over TCP. It is a naive program, not a ceiling: it concatenates what straddles, and waits for one drain a block.
 * Round trips, connections and idle sockets are bare TCP.
 *
 * A connection says with its first 17 bytes what it is for: 'b' and how many bytes go up and down, or 'e' for echo.
 */
import { createCipheriv, createDecipheriv, createSecretKey, diffieHellman, generateKeyPairSync, sign, verify } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { measureTrips, programOptions, serve, timed, u64, workers } from './program.js'

const blockBytes = 65_519
const tagBytes = 16
const key = createSecretKey(Buffer.alloc(32, 7))
const algorithm = 'chacha20-poly1305'
const options = { authTagLength: tagBytes }

const { listens, nodes: count } = programOptions()
const ports: number[] = []
const accepted = new Set<Socket>()
const held: Socket[] = []
let received = 0
let opened = 0
let peer = { host: '', port: 0 }

if (listens) {
  for (let i = 0; i < count; i++) {
    const server = createServer({ noDelay: true }, socket => {
      opened++
      accepted.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => { accepted.delete(socket) })
      socket.once('data', first => { begin(socket, first) })
    }).listen(0, '127.0.0.1', 1024)
    await once(server, 'listening')
    ports.push((server.address() as AddressInfo).port)
  }
}

/** The first bytes come as one: they were written as one, on loopback. */
function begin (socket: Socket, first: Buffer): void {
  const rest = first.subarray(17)
  if (first[0] === 101) {
    socket.pipe(socket)
    if (rest.length > 0) socket.write(rest)
    return
  }
  const up = Number(first.readBigUInt64BE(1))
  const down = Number(first.readBigUInt64BE(9))
  open(socket, rest, up).then(async () => {
    received += up
    await seal(socket, down)
    socket.end()
  }).catch(() => { socket.destroy() })
}

/** Sends so many bytes in sealed blocks. */
async function seal (socket: Socket, bytes: number): Promise<void> {
  const block = Buffer.alloc(blockBytes)
  const nonce = Buffer.alloc(12)
  for (let left = bytes, n = 0; left > 0; left -= blockBytes, n++) {
    const plain = left >= blockBytes ? block : block.subarray(0, left)
    nonce.writeUInt32LE(n, 4)
    const cipher = createCipheriv(algorithm, key, nonce, options)
    const length = Buffer.alloc(2)
    length.writeUInt16BE(plain.length + tagBytes)
    socket.cork()
    socket.write(length)
    const sealed = cipher.update(plain)
    cipher.final()
    socket.write(sealed)
    const room = socket.write(cipher.getAuthTag())
    socket.uncork()
    if (!room) await once(socket, 'drain')
  }
}

/** Opens blocks until so many bytes have come. @throws Error when they do not, or one is not genuine */
async function open (socket: Socket, first: Buffer, bytes: number): Promise<void> {
  const nonce = Buffer.alloc(12)
  let rest = first
  let left = bytes
  let n = 0
  if (left === 0) return
  await new Promise<void>((resolve, reject) => {
    const take = (data: Buffer): void => {
      rest = rest.length === 0 ? data : Buffer.concat([rest, data])
      while (rest.length >= 2) {
        const end = 2 + rest.readUInt16BE(0)
        if (rest.length < end) break
        nonce.writeUInt32LE(n++, 4)
        const decipher = createDecipheriv(algorithm, key, nonce, options)
        decipher.setAuthTag(rest.subarray(end - tagBytes, end))
        left -= decipher.update(rest.subarray(2, end - tagBytes)).length
        decipher.final()
        rest = rest.subarray(end)
      }
      if (left === 0) {
        socket.off('data', take)
        resolve()
      }
    }
    socket.on('data', take)
    socket.once('close', () => { reject(new Error(`${left} of ${bytes} bytes are missing`)) })
    socket.once('error', reject)
    take(Buffer.alloc(0))
  })
}

async function dial (port: number): Promise<Socket> {
  const socket = connect({ port, host: peer.host, noDelay: true })
  await once(socket, 'connect')
  return socket
}

async function echo (): Promise<{ readonly socket: Socket, readonly trip: (bytes: Uint8Array) => Promise<void> }> {
  const socket = await dial(peer.port)
  const header = Buffer.alloc(17)
  header[0] = 101
  socket.write(header)
  let left = 0
  let done = (): void => {}
  socket.on('data', data => {
    left -= data.length
    if (left === 0) done()
  })
  return {
    socket,
    async trip (bytes) {
      left = bytes.length
      const answered = new Promise<void>(resolve => { done = resolve })
      socket.write(bytes)
      await answered
    }
  }
}

await serve({ addresses: ports.map(port => `/ip4/127.0.0.1/tcp/${port}`), versions: { node: process.versions.node, openssl: process.versions.openssl } }, {
  connect ({ addresses: [address = ''] }) {
    peer = { host: '127.0.0.1', port: portOf(address) }
    return {}
  },

  async bulk ({ up, down }) {
    const socket = await dial(peer.port)
    const spent = await timed(async () => {
      socket.write(Buffer.concat([Buffer.from('b'), u64(up), u64(down)]))
      const back = open(socket, Buffer.alloc(0), down)
      await seal(socket, up)
      await back
      socket.resume()
      if (!socket.readableEnded) await once(socket, 'end')
    })
    socket.destroy()
    return spent
  },

  async trips ({ count, bytes }) {
    const { socket, trip } = await echo()
    const piece = new Uint8Array(bytes)
    const trips = await measureTrips(count, async () => { await trip(piece) })
    socket.destroy()
    return trips
  },

  async handshakes ({ addresses, count, atOnce }) {
    peer = { host: '127.0.0.1', port: 0 }
    return await timed(async () => {
      await workers(count, atOnce, async worker => {
        const socket = await dial(portOf(addresses[worker]!))
        socket.resume().end()
        await once(socket, 'close')
      })
    })
  },

  async fill ({ addresses, connections }) {
    peer = { host: '127.0.0.1', port: 0 }
    const from = held.length
    await workers(connections - from, 16, async (_, i) => { held.push(await dial(portOf(addresses[(from + i) % addresses.length]!))) })
    return {}
  },

  primitives () {
    const identity = generateKeyPairSync('ed25519')
    const ours = generateKeyPairSync('x25519')
    const theirs = generateKeyPairSync('x25519')
    const message = Buffer.alloc(56, 1)
    const signature = sign(null, message, identity.privateKey)
    return {
      generate: microseconds(() => { generateKeyPairSync('x25519') }),
      agree: microseconds(() => { diffieHellman({ privateKey: ours.privateKey, publicKey: theirs.publicKey }) }),
      sign: microseconds(() => { sign(null, message, identity.privateKey) }),
      verify: microseconds(() => { if (!verify(null, message, identity.publicKey, signature)) throw new Error('not genuine') })
    }
  },

  seen () {
    const seen = { received, opened, connections: listens ? accepted.size : held.length, streams: 0, identified: accepted.size }
    received = 0
    opened = 0
    return seen
  }
})

function microseconds (operation: () => void): number {
  const times = 200
  const began = performance.now()
  for (let i = 0; i < times; i++) operation()
  return (performance.now() - began) * 1000 / times
}

function portOf (address: string): number {
  return Number(address.split('/')[4])
}
