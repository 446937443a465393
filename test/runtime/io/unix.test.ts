import { expect } from 'chai'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unixPort } from '../../../src/runtime/io/unix.js'
import { connect, LinkStage, listen, listening, type PortWorld } from './link-kit.js'
import { portContract } from './port-contract.js'
import { realWorld } from './real-world.js'

const folder = mkdtempSync(join(tmpdir(), 'troupe-'))
let n = 0

const world = (): PortWorld => realWorld(system => unixPort(system), `unix:${folder}/${++n}.sock`)

after(() => { rmSync(folder, { recursive: true }) })

describe('unix port', () => {
  portContract(world, { lends: true, resets: false, watchesPaused: false }, {
    noAddresses: ['/tmp/x', 'unix:tmp/x', 'unix:', 'unix:/tmp/', `unix:/${'x'.repeat(108)}`, '127.0.0.1:80'],
    nobody: `unix:${folder}/nobody.sock`,
    form: /^unix:\/.+\/\d+\.sock$/
  })
})

describe('unix port, its files', () => {
  let stage: LinkStage<PortWorld>

  beforeEach(() => { stage = new LinkStage(world()) })
  afterEach(async () => { await stage.end() })

  const pathOf = (address: string): string => address.slice('unix:'.length)

  it('is there while it listens, and gone afterwards', async () => {
    const { address, listener } = await listening(stage)
    expect(existsSync(pathOf(address))).to.equal(true)
    listener[Symbol.dispose]()
    expect(existsSync(pathOf(address))).to.equal(false)
  })

  it('left behind by a dead process is cleared away', async () => {
    const { address } = stage.world
    const child = spawn(process.execPath, ['-e', listenAndDie, pathOf(address)], { stdio: 'inherit' })
    await once(child, 'close')
    expect(existsSync(pathOf(address))).to.equal(true)
    const { failures: refused } = connect(stage, address)
    await stage.until(() => refused.length > 0)
    expect(refused[0]!.code).to.equal('refused')
    const { addresses, failures } = listen(stage)
    await stage.until(() => addresses.length + failures.length > 0)
    expect([addresses, failures]).to.deep.equal([[address], []])
    const { links } = connect(stage, address)
    await stage.until(() => links.length > 0)
  })

  it('that is given up while it is cleared away says nothing', async () => {
    const { address } = stage.world
    const child = spawn(process.execPath, ['-e', listenAndDie, pathOf(address)], { stdio: 'inherit' })
    await once(child, 'close')
    const { addresses, failures, listener } = listen(stage)
    await stage.world.turn()
    listener[Symbol.dispose]()
    await stage.idle()
    expect([addresses, failures, stage.ledger]).to.deep.equal([[], [], []])
  })

  it('that is no socket stays as it is', async () => {
    const { address } = stage.world
    writeFileSync(pathOf(address), 'precious')
    const { failures } = listen(stage)
    await stage.until(() => failures.length > 0)
    expect(failures[0]!.code).to.equal('in-use')
    expect(readFileSync(pathOf(address), 'utf8')).to.equal('precious')
  })

  it('cannot be made in a folder that is not there', async () => {
    const { failures } = listen(stage, `unix:${folder}/no-such-folder/x.sock`)
    await stage.until(() => failures.length > 0)
    // What libuv calls it: it cannot tell that from a folder where one may not write.
    expect(failures[0]!.code).to.equal('forbidden')
  })

  it('refuses options that are unknown or out of range', () => {
    expect(() => unixPort(stage.world.here, { mode: 0 } as object)).to.throw(TypeError, 'mode')
    expect(() => unixPort(stage.world.here, { backlog: 0 })).to.throw(RangeError, 'backlog')
  })
})

const listenAndDie = `
require('node:net').createServer().listen(process.argv[1], () => { process.kill(process.pid, 'SIGKILL') })`
