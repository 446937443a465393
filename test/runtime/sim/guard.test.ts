/** The guard of a simulated world: what comes from the real world fails the run, by name; what does no harm does not. */
import { expect } from 'chai'
import * as crypto from 'node:crypto'
import { readFile, readFileSync } from 'node:fs'
import { lookup } from 'node:dns'
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { connect, createServer } from 'node:net'
import { gzip } from 'node:zlib'
import { SimWorld } from '../../../src/runtime/sim/sim-world.js'
import { plain, type Actor } from '../kit.js'

/** What the run of a guarded world throws in which an actor does this, at its start or in a task. */
async function runWith (play: (actor: Actor) => void | Promise<void>): Promise<Error | undefined> {
  const world = new SimWorld({ seed: 5, guard: true })
  const system = world.system({ name: 'node' })
  system.spawn(plain, { input: { run: actor => { actor.task(async ({ sleep }) => { await sleep(1); await play(actor) }, {}) } }, name: 'culprit' })
  let thrown: Error | undefined
  try {
    await world.run(10)
  } catch (error) {
    thrown = error as Error
  }
  await world.stop()
  return thrown
}

const { subtle } = crypto.webcrypto
const secret = new Uint8Array(32)
const keys = {
  aes: await subtle.importKey('raw', secret, 'AES-GCM', true, ['encrypt', 'wrapKey']),
  hmac: await subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, true, ['sign']),
  hkdf: await subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits'])
}

describe('guard of a simulated world', () => {
  const nothing = (): void => {}
  const foreign: Record<string, readonly [string, () => void]> = {
    'a timer': ['Timeout', () => { clearTimeout(setTimeout(nothing)) }],
    'an immediate': ['Immediate', () => { clearImmediate(setImmediate(nothing)) }],
    'a file': ['FSREQCALLBACK', () => { readFile(new URL(import.meta.url), nothing) }],
    'a look-up': ['GETADDRINFOREQWRAP', () => { lookup('localhost', nothing) }],
    'random bytes, later': ['RANDOMBYTESREQUEST', () => { crypto.randomBytes(8, nothing) }],
    'random bytes, now': ['RANDOMBYTESREQUEST', () => { crypto.randomBytes(8) }],
    'a new key': ['KEYPAIRGENREQUEST', () => { crypto.generateKeyPairSync('ed25519') }],
    'a key derived, later': ['DERIVEBITSREQUEST', () => { crypto.hkdf('sha256', 'a', 'b', 'c', 32, nothing) }],
    'a hash of web crypto': ['HASHREQUEST', () => { void subtle.digest('SHA-256', new Uint8Array(1)) }],
    'a signature of web crypto': ['SIGNREQUEST', () => { void subtle.sign('HMAC', keys.hmac, new Uint8Array(1)) }],
    'a cipher of web crypto': ['CIPHERREQUEST', () => { void subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, keys.aes, new Uint8Array(1)) }],
    'a key derived by web crypto': ['DERIVEBITSREQUEST', () => { void subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(1), info: new Uint8Array(1) }, keys.hkdf, 256) }],
    'a new key of web crypto': ['KEYGENREQUEST', () => { void subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt']) }],
    'compression': ['ZLIB', () => { gzip('a', nothing) }],
    'a socket': ['TCPWRAP', () => { connect(9, '127.0.0.1').on('error', nothing).destroy() }],
    'a server': ['TCPSERVERWRAP', () => { const server = createServer().listen(0, () => server.close()) }],
    'a channel': ['MESSAGEPORT', () => { new MessageChannel().port1.close() }]
  }
  for (const [what, [type, play]] of Object.entries(foreign)) {
    it(`catches ${what}`, async () => {
      const error = await runWith(play)
      expect(error?.message).to.match(new RegExp(`^seed 5: '${type}'.* by /node/culprit .*, at 1\\.`))
      expect((error!.cause as Error).stack).to.include('guard.test')
    })
  }

  it('catches what web crypto does only after a promise of its own', async () => {
    const error = await runWith(() => { void subtle.wrapKey('raw', keys.aes, keys.aes, { name: 'AES-GCM', iv: new Uint8Array(12) }) })
    expect(error?.message).to.include("'CIPHERREQUEST'")
  })

  const harmless: Record<string, () => void | Promise<void>> = {
    'promises, ticks and microtasks': async () => {
      await Promise.resolve()
      await new Promise<void>(resolve => { process.nextTick(resolve) })
      await new Promise<void>(resolve => { queueMicrotask(resolve) })
    },
    'a file read at once': () => { readFileSync(new URL(import.meta.url)) },
    'crypto done at once': () => {
      crypto.hkdfSync('sha256', 'a', 'b', 'c', 64)
      crypto.pbkdf2Sync('a', 'b', 1, 16, 'sha256')
      crypto.scryptSync('a', 'b', 16)
      crypto.createHash('sha256').update('a').digest()
      const cipher = crypto.createCipheriv('chacha20-poly1305', new Uint8Array(32), new Uint8Array(12), { authTagLength: 16 })
      cipher.update('a')
      cipher.final()
    },
    'async contexts': () => {
      new AsyncResource('mine').runInAsyncScope(nothing)
      new AsyncLocalStorage<number>().run(1, nothing)
    },
    'an abort': () => {
      const controller = new AbortController()
      controller.signal.addEventListener('abort', nothing)
      controller.abort()
    },
    'a copy': () => { structuredClone({ a: [1] }) }
  }
  for (const [what, play] of Object.entries(harmless)) {
    it(`lets ${what} pass`, async () => {
      expect(await runWith(play)).to.equal(undefined)
    })
  }

  it('looks only while the world turns', async () => {
    const world = new SimWorld({ seed: 5, guard: true })
    await world.run(1)
    crypto.randomBytes(1)
    await world.run(1)
  })

  it('is off unless it is asked for', async () => {
    const world = new SimWorld({ seed: 5 })
    world.at(1, () => { crypto.randomBytes(1) })
    await world.run(2)
  })

  it('names the scenario too', async () => {
    const world = new SimWorld({ seed: 5, guard: true })
    world.at(1, () => { crypto.randomBytes(1) })
    const error = await world.run(2).then(() => undefined, (error: unknown) => error as Error)
    expect(error?.message).to.include('by the scenario')
  })
})
