/** The commands that start nodes, over real sockets between real processes. */
import { expect } from 'chai'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNode, fileDatastore, Multiaddr, protocol } from '../../src/index.js'
import { objects, Started, troupe, troupeWith } from './support/troupe.js'

const nobody = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'

describe('troupe start and its visitors', () => {
  let started: Started
  let plain: Started
  let address: string
  let withoutPerf: string
  /** Somebody who accepts and says nothing. */
  let silent: string
  const mute = createServer(socket => { socket.on('error', () => {}) })

  before(async () => {
    started = new Started('--listen', '/ip4/127.0.0.1/tcp/0', '--perf')
    plain = new Started('--listen', '/ip4/127.0.0.1/tcp/0')
    address = await started.address()
    withoutPerf = await plain.address()
    await new Promise<void>(resolve => { mute.listen(0, '127.0.0.1', resolve) })
    silent = `/ip4/127.0.0.1/tcp/${(mute.address() as { readonly port: number }).port}`
  })

  after(async () => {
    mute.close()
    expect(await plain.stop()).to.equal(0)
    expect(await started.stop()).to.equal(0)
    expect(started.events.at(-1)).to.deep.equal({ event: 'node.stopped' })
  })

  it('says first where it listens', () => {
    expect(started.events[0]).to.include({ event: 'node.listening' })
    expect(address).to.match(new RegExp(`^/ip4/127\\.0\\.0\\.1/tcp/\\d+/p2p/${started.events[0]!['peerId'] as string}$`))
  })

  it('is pinged', async () => {
    const outcome = await troupe('ping', address, '--count', '5', '--interval', '1', '--json')
    const lines = objects(outcome)
    expect(outcome.stderr).to.equal('')
    expect(outcome.code).to.equal(0)
    expect(lines.slice(0, 5).map(({ event, seq }) => [event, seq])).to.deep.equal([1, 2, 3, 4, 5].map(seq => ['ping', seq]))
    for (const { rttMs } of lines.slice(0, 5)) expect(rttMs).to.be.a('number').greaterThan(0)
    expect(lines[5]).to.include({ event: 'ping.summary', sent: 5, received: 5 })
  })

  it('is dialed, and says what it is', async () => {
    const [line] = objects(await troupe('dial', address, '--json'))
    expect(line).to.include({ event: 'dial', address, encryption: '/noise', multiplexer: '/yamux/1.0.0' })
    expect(line!['agentVersion']).to.match(/^troupe\//)
    expect(line!['protocols']).to.include.members(['/ipfs/id/1.0.0', '/ipfs/ping/1.0.0', '/echo/1.0.0', '/perf/1.0.0'])
  })

  it('echoes words, and what comes on stdin', async () => {
    expect(await troupe('echo', address, 'hello there')).to.deep.equal({ code: 0, stdout: 'hello there\n', stderr: '' })
    const long = 'line of text\n'.repeat(20_000)
    expect(await troupeWith(long, 'echo', address)).to.deep.equal({ code: 0, stdout: long, stderr: '' })
  })

  it('is measured', async () => {
    const outcome = await troupe('perf', address, '--upload', '2M', '--download', '3M', '--json')
    const lines = objects(outcome)
    expect(lines.at(-1)).to.include({ type: 'final', uploadBytes: 2 * 1024 * 1024, downloadBytes: 3 * 1024 * 1024 })
    expect(lines.at(-1)!['timeSeconds']).to.be.a('number').greaterThan(0)
    expect(outcome.code).to.equal(0)
  })

  it('tells who came, who they were, and that they went', async () => {
    for (const name of ['connection.open', 'peer.identify', 'connection.close']) expect(await started.event(name)).to.include({ event: name })
  })

  const failures: ReadonlyArray<readonly [what: string, args: () => readonly string[], code: string]> = [
    ['a protocol that it does not speak', () => ['perf', withoutPerf, '--upload', '1'], 'stream/protocol-unsupported'],
    ['a deadline that is too short', () => ['dial', silent, '--timeout', '100'], 'dial/timeout'],
    ['a refused port', () => ['ping', '/ip4/127.0.0.1/tcp/1'], 'dial/refused'],
    ['another peer than the one that was dialed', () => ['dial', address.replace(/12D3\w+$/, nobody)], 'upgrade/peer-mismatch'],
    ['a name that does not resolve', () => ['dial', '/dns4/does-not-exist.invalid/tcp/1'], 'dial/resolve-failed'],
    ['an address that nobody can dial', () => ['dial', '/ip4/127.0.0.1/udp/1/quic-v1'], 'dial/no-transport'],
    ['a listen address that is taken', () => ['start', '--listen', address.replace(/\/p2p\/.*$/, '')], 'listen/address-in-use']
  ]
  for (const [what, args, code] of failures) {
    it(`says in one line what is wrong: ${what}`, async () => {
      const outcome = await troupe(...args(), '--json')
      expect(outcome.stderr.split('\n')[0]).to.include(`[${code}]`)
      expect(outcome.stderr).to.not.match(/\n {4}at /)
      expect(objects(outcome).at(-1)).to.include({ event: 'error', code })
      expect(outcome.code).to.equal(1)
    })
  }

  it('prints a stack only when asked', async () => {
    expect((await troupe('ping', '/ip4/127.0.0.1/tcp/1', '--stack')).stderr).to.match(/\n {4}at /)
  })
})

describe('troupe among strangers', () => {
  it('keeps what they say of themselves from the terminal', async () => {
    const evil = await createNode({ log: { level: 'off' }, identify: { agentVersion: 'evil\u001b[2J\nforged line\u202e', protocolVersion: '\u0007x' } })
    const { code, stdout } = await troupe('dial', evil.getMultiaddrs()[0]!.toString())
    await evil.stop()
    expect(stdout).to.include('Agent      evil\\u{1b}[2J\\u{a}forged line\\u{202e}, \\u{7}x\n')
    expect(code).to.equal(0)
  })

  it('keeps what they answer from it', async () => {
    const liar = await createNode({ log: { level: 'off' }, protocols: [protocol('/echo/1.0.0', async stream => { await stream.write(Buffer.from('\u001b[2J')) })] })
    const { code, stdout } = await troupe('echo', liar.getMultiaddrs()[0]!.toString(), '1234')
    await liar.stop()
    expect(stdout).to.equal('\\u{1b}[2J\n')
    expect(code).to.equal(1)
  })

  it('stops in time, and exits by itself, when they hang', async () => {
    const started = new Started('--listen', '/ip4/127.0.0.1/tcp/0')
    const address = Multiaddr.parse(await started.address())
    const sockets = await Promise.all(Array.from({ length: 50 }, () => new Promise<Socket>(resolve => {
      const { host, port } = address.endpoint!
      const socket: Socket = connect({ host, port, allowHalfOpen: true }, () => { resolve(socket) })
      socket.on('error', () => {})
    })))
    const begun = performance.now()
    expect(await started.stop('SIGTERM')).to.equal(0)
    expect(performance.now() - begun).to.be.below(5500)
    for (const socket of sockets) socket.destroy()
  })

  it('stops in order when nobody reads any more what it prints', async () => {
    const started = new Started('--listen', '/ip4/127.0.0.1/tcp/0')
    const address = await started.address()
    started.child.stdout!.destroy()
    // Something to tell.
    await troupe('ping', address, '--count', '1')
    expect(await started.exited).to.equal(0)
  })

  it('takes for words what stands behind --', async () => {
    const { code, stderr } = await troupe('echo', '--', '/ip4/127.0.0.1/tcp/1', '--help')
    expect(stderr).to.include('[dial/refused]')
    expect(code).to.equal(1)
  })
})

describe('troupe demo', () => {
  it('shows a crash that hurts nobody', async () => {
    const { code, stderr, stdout } = await troupe('demo')
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    expect(stdout).to.match(/before anybody has met[\s\S]*while both streams are open[\s\S]*after the crash/)
      .and.match(/has a bug/)
      .and.match(/The echo beside it was not disturbed: still there\?/)
      .and.match(/Left over at Alice: 0 actors, 0 timers, 0 tasks, 0 sockets\.\n$/)
  })
})

describe('troupe start --data', () => {
  let folder: string
  let peer: Started

  before(async () => {
    peer = new Started('--listen', '/ip4/127.0.0.1/tcp/0')
    await peer.address()
  })
  after(async () => { expect(await peer.stop()).to.equal(0) })
  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'troupe-')) })
  afterEach(() => { rmSync(folder, { recursive: true }) })

  it('dials those whom it has reached before', async () => {
    const node = await createNode({ listen: [], peerStore: { datastore: fileDatastore(folder) } })
    await node.dial(await peer.address())
    await node.stop()
    const started = new Started('--listen', '/ip4/127.0.0.1/tcp/0', '--data', folder)
    expect(await started.event('startup.done')).to.deep.include({ tried: 1, connected: 1 })
    expect(await started.event('connection.open')).to.include({ direction: 'outbound' })
    expect(await started.stop()).to.equal(0)
    expect(readdirSync(folder).sort()).to.deep.equal(['identity.pem', 'peers.log'])
  })

  it('says that what it kept was damaged, and starts', async () => {
    writeFileSync(join(folder, 'peers.log'), 'this is no log')
    const started = new Started('--listen', '/ip4/127.0.0.1/tcp/0', '--data', folder)
    expect(await started.event('store.failed')).to.include({ code: 'store/damaged' })
    expect(await started.stop()).to.equal(0)
    expect(readFileSync(join(folder, 'peers.log.damaged'), 'utf8')).to.equal('this is no log')
  })

  it('keeps them with datastore-level where that is installed', async () => {
    const started = new Started('--listen', '/ip4/127.0.0.1/tcp/0', '--data', folder, '--store', 'level')
    expect(await started.event('startup.done')).to.deep.include({ tried: 0, connected: 0 })
    expect(await started.stop()).to.equal(0)
    expect(readdirSync(join(folder, 'peers'))).to.include('CURRENT')
  })

  it('refuses a kind of store that there is none of', async () => {
    for (const args of [['--data', folder, '--store', 'paper'], ['--store', 'level']]) {
      const { code, stderr } = await troupe('start', ...args)
      expect(stderr).to.include('--store')
      expect(code).to.equal(2)
    }
  })
})

describe('troupe id', () => {
  let folder: string

  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'troupe-')) })
  afterEach(() => { rmSync(folder, { recursive: true }) })

  it('makes an identity once, readable by its owner only', async () => {
    const data = join(folder, 'deep', 'data')
    const first = await troupe('id', '--data', data)
    expect(first.stdout).to.match(/^12D3Koo\w+\n$/)
    expect(await troupe('id', '--data', data)).to.deep.equal(first)
    expect(statSync(join(data, 'identity.pem')).mode & 0o777).to.equal(0o600)
  })

  it('reads keys of every form', async () => {
    const [made] = objects(await troupe('id', '--type', 'secp256k1', '--private', '--json'))
    const file = join(folder, 'key.pem')
    writeFileSync(file, made!['privateKey'] as string)
    expect(objects(await troupe('id', '--key', file, '--json'))[0]).to.include({ peerId: made!['peerId'], type: 'secp256k1' })
  })

  it('keeps the identity of a node', async () => {
    const started = new Started('--listen', '/ip4/127.0.0.1/tcp/0', '--data', folder)
    const { peerId } = await started.event('node.listening')
    expect(await started.stop('SIGTERM')).to.equal(0)
    expect((await troupe('id', '--data', folder)).stdout).to.equal(`${peerId as string}\n`)
    expect(readFileSync(join(folder, 'identity.pem'), 'utf8')).to.include('PRIVATE KEY')
  })

  it('warns of a key that others can read', async () => {
    const before = await troupe('id', '--data', folder)
    chmodSync(join(folder, 'identity.pem'), 0o644)
    const { code, stderr, stdout } = await troupe('id', '--data', folder)
    expect(stderr).to.match(/^troupe: .*identity\.pem can be read by others .*\n$/)
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: before.stdout })
  })

  it('says in one line that a folder cannot be used', async () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    const { code, stderr } = await troupe('id', '--data', join(file, 'data'))
    expect(stderr).to.match(/^troupe id: ENOTDIR.*\n$/)
    expect(code).to.equal(1)
  })

  it('refuses a file that is no key', async () => {
    const file = join(folder, 'key')
    writeFileSync(file, 'no key')
    const { code, stderr } = await troupe('id', '--key', file)
    expect(stderr).to.match(/^troupe id: .*key holds no private key/)
    expect(code).to.equal(2)
  })
})
