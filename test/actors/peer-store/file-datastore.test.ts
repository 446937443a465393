/** The datastore of our own, on a real disk. */
import { expect } from 'chai'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileDatastore } from '../../../src/actors/peer-store/file-datastore.port.js'
import { PathKey } from '../../../src/actors/peer-store/path-key.js'
import { codeOf } from '../node/support/nodes.js'

describe('file datastore', () => {
  let folder: string
  let log: string
  let lock: string
  const open: FileDatastore[] = []

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'troupe-store-'))
    log = join(folder, 'peers.log')
    lock = join(folder, 'peers.lock')
  })

  afterEach(async () => {
    for (const store of open.splice(0)) await store.close().catch(() => {})
    rmSync(folder, { recursive: true, force: true })
  })

  async function opened (): Promise<FileDatastore> {
    const store = await FileDatastore.open(folder)
    open.push(store)
    return store
  }

  async function put (store: FileDatastore, key: string, ...values: readonly number[]): Promise<void> {
    const batch = store.batch()
    batch.put(new PathKey(key), Uint8Array.from(values))
    await batch.commit()
  }

  async function all (store: FileDatastore, prefix = '/'): Promise<Record<string, number[]>> {
    const found: Record<string, number[]> = {}
    for await (const { key, value } of store.query({ prefix })) found[key.toString()] = [...value]
    return found
  }

  it('keeps what was committed, by prefix, for its owner only', async () => {
    const store = await opened()
    await put(store, '/p/a', 1)
    await put(store, '/p/b', 2)
    await put(store, '/q/c', 3)
    const batch = store.batch()
    batch.put(new PathKey('/p/a'), Uint8Array.of(4))
    batch.delete(new PathKey('/p/b'))
    await batch.commit()
    expect(await all(store, '/p/')).to.deep.equal({ '/p/a': [4] })
    await store.close()
    expect(readdirSync(folder)).to.deep.equal(['peers.log'])
    if (process.platform !== 'win32') expect(statSync(log).mode & 0o777).to.equal(0o600)
    const again = await opened()
    expect(again.damages).to.deep.equal([])
    expect(await all(again)).to.deep.equal({ '/p/a': [4], '/q/c': [3] })
  })

  it('belongs to one at a time', async () => {
    const store = await opened()
    expect(await codeOf(FileDatastore.open(folder))).to.equal('store/in-use')
    await store.close()
    await opened()
  })

  it('takes the place of a process that has died, or that was before us under our number', async () => {
    for (const holder of ['', 'nonsense', '999999999 1', `${process.pid} 0`, `${process.ppid} 1`]) {
      writeFileSync(lock, holder)
      const store = await opened()
      await store.close()
      expect(existsSync(lock), holder).to.equal(false)
    }
  })

  it('gives way to a process that lives', async function () {
    if (process.platform !== 'linux') this.skip()
    const stat = readFileSync(`/proc/${process.ppid}/stat`, 'utf8')
    writeFileSync(lock, `${process.ppid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!}`)
    expect(await codeOf(FileDatastore.open(folder))).to.equal('store/in-use')
    expect(existsSync(lock)).to.equal(true)
  })

  it('opens with a tail that is cut or garbled, says so once, and keeps a copy', async () => {
    const store = await opened()
    await put(store, '/a', 1)
    const whole = statSync(log).size
    await put(store, '/b', 2)
    await store.close()
    const bytes = readFileSync(log)
    for (const hurt of [bytes.subarray(0, bytes.length - 3), Buffer.concat([bytes.subarray(0, whole), Buffer.alloc(5000, 0xd7)]), Buffer.concat([bytes.subarray(0, whole + 5), Buffer.alloc(40)])]) {
      writeFileSync(log, hurt)
      const again = await opened()
      expect(again.damages).to.have.length(1)
      expect(await all(again)).to.deep.equal({ '/a': [1] })
      expect(readFileSync(`${log}.damaged`)).to.deep.equal(hurt)
      await put(again, '/c', 3)
      await again.close()
      const healed = await opened()
      expect(healed.damages).to.deep.equal([])
      expect(await all(healed)).to.deep.equal({ '/a': [1], '/c': [3] })
      await healed.close()
    }
  })

  it('opens with a file that was never ours', async () => {
    writeFileSync(log, 'something else')
    const store = await opened()
    expect(store.damages).to.have.length(1)
    expect(await all(store)).to.deep.equal({})
  })

  it('writes itself anew when most of it is out of date, and goes on', async () => {
    const store = await opened()
    const batch = store.batch()
    for (let n = 0; n < 10; n++) batch.put(new PathKey(`/${n}`), new Uint8Array(100_000).fill(n))
    await batch.commit()
    for (let n = 0; n < 30; n++) {
      const more = store.batch()
      more.put(new PathKey('/0'), new Uint8Array(100_000).fill(n))
      await more.commit()
    }
    expect(statSync(log).size).to.be.below(2_600_000)
    await put(store, '/last', 1)
    await store.close()
    expect(readdirSync(folder)).to.deep.equal(['peers.log'])
    const found = await all(await opened())
    expect(Object.keys(found)).to.have.length(11)
    expect(found['/0']![0]).to.equal(29)
    expect(found['/last']).to.deep.equal([1])
  })

  it('says why it cannot be opened', async () => {
    writeFileSync(join(folder, 'file'), '')
    expect(await codeOf(FileDatastore.open(join(folder, 'file', 'below')))).to.equal('ENOTDIR')
    expect(() => { statSync(lock) }).to.throw()
  })
})
