import { expect } from 'chai'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { tcpPort } from '../../../src/runtime/io/tcp.js'
import { call, connect, LinkStage, listen, listening, openPair, pattern, text, type PortWorld } from './link-kit.js'
import { realWorld } from './real-world.js'
import { portContract } from './port-contract.js'

/** TCP is told of nothing while it does not read. When `lends` fails, a Node has changed what `adopt` relies upon. */
const traits = { lends: true, resets: true, watchesPaused: false }

const noAddresses = ['127.0.0.1', '127.0.0.1:x', ':1', '127.0.0.1:70000', '::1:80', 'localhost:80', '[127.0.0.1:80', 'unix:/tmp/x']
const ip4 = { noAddresses, nobody: '127.0.0.1:1', notLocal: '192.0.2.77:0', form: /^127\.0\.0\.1:\d+$/ }
const ip6 = { noAddresses, nobody: '[::1]:1', notLocal: '[2001:db8::77]:0', form: /^\[::1\]:\d+$/ }

const world = (address: string): PortWorld => realWorld(system => tcpPort(system), address)

describe('tcp port, IPv4', () => {
  portContract(() => world('127.0.0.1:0'), traits, ip4)
})

describe('tcp port, IPv6', () => {
  portContract(() => world('[::1]:0'), traits, ip6)
})

/** As on Windows, and on a Node whose sockets look different inside. */
describe('tcp port that reads into memory of its own', () => {
  const platform = Object.getOwnPropertyDescriptor(process, 'platform')!

  before(() => { Object.defineProperty(process, 'platform', { ...platform, value: 'win32' }) })
  after(() => { Object.defineProperty(process, 'platform', platform) })

  portContract(() => world('127.0.0.1:0'), { lends: false, resets: true, watchesPaused: true }, ip4)
})

describe('tcp port', () => {
  let stage: LinkStage<PortWorld>

  beforeEach(() => { stage = new LinkStage(world('127.0.0.1:0')) })
  afterEach(async () => { await stage.end() })

  it('listens on all addresses of a kind, with the same port for both kinds', async () => {
    const six = listen(stage, '[::]:0')
    await stage.until(() => six.addresses.length > 0)
    expect(six.addresses[0]).to.match(/^\[::\]:\d+$/)
    const port = six.addresses[0]!.slice(5)
    const four = listen(stage, `0.0.0.0:${port}`)
    await stage.until(() => four.addresses.length + four.failures.length > 0)
    expect(four.addresses).to.deep.equal([`0.0.0.0:${port}`])
    const dialed = [connect(stage, `127.0.0.1:${port}`), connect(stage, `[::1]:${port}`)]
    await stage.until(() => dialed.every(({ links }) => links.length === 1) && four.links.length + six.links.length === 2)
    expect([four.links[0]!.localAddress, six.links[0]!.localAddress]).to.deep.equal([`127.0.0.1:${port}`, `[::1]:${port}`])
  })

  it('sends what is written in one run with one call to the system', async () => {
    const [a, b] = await openPair(stage)
    const ear = stage.ear(b)
    const sizes: number[] = []
    ear.onData = bytes => { sizes.push(bytes.length) }
    for (let i = 0; i < 100; i++) call(() => a.write(pattern(100, i * 100)))
    await stage.until(() => ear.length === 10_000)
    expect(sizes).to.deep.equal([10_000])
  })

  it('reads whoever fills its memory, and takes two milliseconds for it, once in a turn of the event loop, and of several like it one', async () => {
    const full = 256 * 1024
    const bytes = 16 * full
    const { address, links } = await listening(stage)
    const sockets = Array.from({ length: 3 }, () => net.connect(Number(address.slice('127.0.0.1:'.length)), '127.0.0.1'))
    for (const socket of sockets) {
      socket.on('error', () => {})
      socket.write(new Uint8Array(bytes))
    }
    await stage.until(() => links.length === 3 && sockets.every(socket => socket.bytesWritten > 0))
    await stage.idle()
    /** Who filled it, turn by turn. */
    const turns: number[][] = [[]]
    const ears = links.map((link, at) => {
      const ear = stage.ear(link)
      ear.onData = ({ length }) => {
        if (length !== full) return
        turns.at(-1)!.push(at)
        for (const begun = performance.now(); performance.now() - begun < 2.5;);
      }
      return ear
    })
    await stage.until(() => {
      turns.push([])
      return ears.every(({ length }) => length === bytes)
    })
    const filled = turns.filter(({ length }) => length > 0)
    expect(filled.length, 'nobody has filled it').to.be.greaterThan(3)
    for (const turn of filled) expect(new Set(turn).size, turn.join()).to.equal(turn.length)
    // One that comes anew, or was empty for a moment, does not wait for those.
    expect(filled.filter(({ length }) => length === 1).length).to.be.greaterThan(filled.length / 2)
    for (const socket of sockets) socket.destroy()
  })

  it('hears of a reset from a peer that is no link of ours, and of its end', async () => {
    const { address, links } = await listening(stage)
    const port = Number(address.slice('127.0.0.1:'.length))
    const ears = []
    for (const how of ['resetAndDestroy', 'end'] as const) {
      const socket = net.connect(port, '127.0.0.1')
      socket.on('error', () => {})
      await once(socket, 'connect')
      await stage.until(() => links.length > 0)
      const ear = stage.ear(links.pop()!)
      ears.push(ear)
      if (how === 'end') socket.end('bye')
      else socket.resetAndDestroy()
      await stage.until(() => ear.log.length > (how === 'end' ? 1 : 0))
    }
    expect(ears.map(({ log }) => log)).to.deep.equal([['reset'], ['data', 'end']])
    expect(ears[0]!.error).to.include({ code: 'ECONNRESET' })
  })

  it('leaves no socket behind that is reset just after its end', async () => {
    const open = (): number => process.getActiveResourcesInfo().filter(what => what === 'TCPSocketWrap').length
    const before = open()
    const { address, links } = await listening(stage)
    for (const [at, unsent] of [0, 100, 10_000_000].entries()) {
      const socket = net.connect(Number(address.slice('127.0.0.1:'.length)), '127.0.0.1')
      socket.on('error', () => {})
      await stage.until(() => links.length > at)
      const { link } = stage.ear(links[at]!)
      call(() => {
        if (unsent > 0) link.write(pattern(unsent, 0))
        link.end()
        link.reset()
      })
      expect(link.closed).to.equal(true)
      socket.resume()
      await once(socket, 'close')
    }
    // The listener's own is of another kind.
    await stage.until(() => open() === before)
  })

  it('takes a write to a socket that the other side has closed for a reset', async () => {
    const { address, links } = await listening(stage)
    const socket = net.connect(Number(address.slice('127.0.0.1:'.length)), '127.0.0.1')
    socket.on('error', () => {})
    await stage.until(() => links.length > 0)
    const ear = stage.ear(links[0]!)
    socket.destroy()
    await stage.until(() => ear.ended)
    call(() => ear.link.write(text('x')))
    await stage.until(() => {
      if (!ear.link.closed) call(() => ear.link.write(text('x')))
      return ear.reason !== undefined
    })
    expect(ear.reason).to.equal('reset')
  })

  it('gives up a connect that nobody answers, at its deadline', async () => {
    // A process that does not take what its system has accepted: once the queue is full the system answers no more.
    const child = spawn(process.execPath, ['-e', deaf], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      const [port] = await once(child.stdout, 'data') as [Buffer]
      const address = `127.0.0.1:${port.toString()}`
      const attempts = Array.from({ length: 8 }, () => connect(stage, address, { timeoutMs: 100 }))
      await stage.until(() => attempts.every(({ links, failures }) => links.length + failures.length === 1))
      const failures = attempts.flatMap(attempt => attempt.failures)
      expect(failures.length).to.be.greaterThan(0)
      for (const failure of failures) expect(failure).to.deep.equal({ code: 'timed-out', address })
    } finally {
      child.kill('SIGKILL')
      await once(child, 'close')
    }
  })

  it('refuses options that are unknown or out of range', () => {
    const { here } = stage.world
    expect(() => tcpPort(here, { nodelay: true } as object)).to.throw(TypeError, 'nodelay')
    expect(() => tcpPort(here, { keepAliveMs: -1 })).to.throw(RangeError, 'keepAliveMs')
    expect(() => tcpPort(here, { backlog: 0 })).to.throw(RangeError, 'backlog')
    expect(() => tcpPort(here, { busyPollMs: -1 })).to.throw(RangeError, 'busyPollMs')
  })
})

const deaf = `
const server = require('node:net').createServer()
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  require('node:fs').writeSync(1, String(server.address().port))
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
})`
