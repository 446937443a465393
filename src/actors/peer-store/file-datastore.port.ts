/**
 * A datastore of our own, in one file: `DIR/peers.log` (record-log.core.ts). Made for what is small and must survive: it holds
 * no more in memory than how much of the file is still worth something, asks for no package, and opens whatever a crash has
 * left of it.
 *
 * One process at a time: `DIR/peers.lock` says which. What was damaged is kept beside it as `peers.log.damaged`.
 */
import { copyFile, mkdir, open, readFile, rename, rm, type FileHandle } from 'node:fs/promises'
import { NetworkError } from '../../messages/errors.js'
import type { DatastoreBatch, DatastoreKey, DatastorePair, OwnedDatastore } from './datastore.js'
import { PathKey } from './path-key.js'
import { encodeRecord, logHeader, readLog, rewritten, type Change, type LogDamage } from './record-log.core.js'

/** When more than a mebibyte, and more than half of the file, is out of date, the file is written anew. */
function isWasteful (waste: number, size: number): boolean {
  return waste > 1024 * 1024 && waste > size / 2
}

export class FileDatastore implements OwnedDatastore {
  readonly damages: readonly string[]
  private readonly path: string
  private file: FileHandle
  private readonly unlock: () => Promise<void>
  /** How much each key's last value takes, roughly: what is live. */
  private readonly sizes: Map<string, number>
  private size: number
  private live = 0
  /** What was read at the opening, until it is asked for or out of date. */
  private opened: ReadonlyMap<string, Uint8Array> | undefined

  private constructor (path: string, file: FileHandle, size: number, entries: ReadonlyMap<string, Uint8Array>, damages: readonly string[], unlock: () => Promise<void>) {
    this.path = path
    this.file = file
    this.size = size
    this.opened = entries
    this.sizes = new Map([...entries].map(([key, value]) => [key, sizeOf(key, value)]))
    this.live = sum(entries)
    this.damages = damages
    this.unlock = unlock
  }

  /** @throws NetworkError `store/in-use` when another process has it; the system's error for a folder that cannot be used */
  static async open (folder: string): Promise<FileDatastore> {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const unlock = await lock(`${folder}/peers.lock`)
    try {
      const path = `${folder}/peers.log`
      const bytes = await read(path)
      const { entries, damages } = readLog(bytes)
      if (damages.length > 0) await copyFile(path, `${path}.damaged`)
      const waste = bytes.length - sum(entries)
      const anew = bytes.length === 0 || damages.length > 0 || isWasteful(waste, bytes.length)
      const size = anew ? await replace(path, entries) : bytes.length
      return new FileDatastore(path, await open(path, 'r+'), size, entries, damages.map(damage => sentence(path, damage)), unlock)
    } catch (error) {
      await unlock()
      throw error
    }
  }

  async* query ({ prefix }: { readonly prefix: string }): AsyncGenerator<DatastorePair> {
    const entries = this.opened ?? readLog(await read(this.path)).entries
    this.opened = undefined
    for (const [key, value] of entries) if (key.startsWith(prefix)) yield { key: new PathKey(key), value }
  }

  batch (): DatastoreBatch {
    const changes: Change[] = []
    return {
      put: (key: DatastoreKey, value: Uint8Array) => { changes.push([key.toString(), value]) },
      delete: (key: DatastoreKey) => { changes.push([key.toString(), null]) },
      commit: () => this.append(changes)
    }
  }

  async close (): Promise<void> {
    await this.file.close()
    await this.unlock()
  }

  private async append (changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return
    this.opened = undefined
    const record = encodeRecord(changes)
    try {
      await writeAll(this.file, record, this.size)
      await this.file.datasync()
    } catch (error) {
      // Half of it would read as damage. What cannot be cut off now is written over by the next one, or passed over.
      await this.file.truncate(this.size).catch(() => {})
      throw error
    }
    this.size += record.length
    for (const [key, value] of changes) {
      this.live -= this.sizes.get(key) ?? 0
      if (value === null) this.sizes.delete(key)
      else this.sizes.set(key, sizeOf(key, value))
      this.live += this.sizes.get(key) ?? 0
    }
    // What was asked for is safe already, whatever becomes of this.
    if (isWasteful(this.size - this.live, this.size)) await this.compact().catch(() => {})
  }

  private async compact (): Promise<void> {
    const size = await replace(this.path, readLog(await read(this.path)).entries)
    const before = this.file
    this.file = await open(this.path, 'r+')
    this.size = size
    await before.close()
  }
}

function sentence (path: string, { offset, bytes, tail }: LogDamage): string {
  return `${path}: ${bytes} bytes at ${offset}${tail ? ', to its end,' : ''} could not be read; a copy is in ${path}.damaged`
}

/** An empty one when there is none. */
async function read (path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return new Uint8Array(0)
    throw error
  }
}

/** At every moment the path leads to a whole file: the old one, or the new one. Returns its length. */
async function replace (path: string, entries: ReadonlyMap<string, Uint8Array>): Promise<number> {
  const fresh = `${path}.new`
  const file = await open(fresh, 'w', 0o600)
  let size = 0
  try {
    for (const part of [logHeader, ...rewritten(entries)]) {
      await writeAll(file, part, size)
      size += part.length
    }
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(fresh, path)
  await syncFolder(path)
  return size
}

/** So that the new name outlives a power cut, too; some systems know no such thing. */
async function syncFolder (path: string): Promise<void> {
  try {
    const folder = await open(path.slice(0, path.lastIndexOf('/')), 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  } catch {
    // Then it is as safe as that system makes it.
  }
}

async function writeAll (file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten
}

/** Of this process: the system's own idea of who holds a lock ends at its borders. */
const held = new Set<string>()

/** Returns how to give it back. A lock whose holder has died is nobody's. */
async function lock (path: string): Promise<() => Promise<void>> {
  const inUse = (who: string): NetworkError => new NetworkError('store/in-use', { detail: `${path} is held by ${who}` })
  if (held.has(path)) throw inUse('this process')
  held.add(path)
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      if (await create(path, await lifeOf(process.pid))) {
        return async () => {
          held.delete(path)
          await rm(path, { force: true })
        }
      }
      const holder = new TextDecoder().decode(await read(path))
      const pid = Number.parseInt(holder, 10)
      // One with our own number is one that lived before us: in a container numbers come again.
      if (pid !== process.pid && isAlive(pid) && holder === await lifeOf(pid)) throw inUse(`process ${pid}`)
      await rm(path, { force: true })
    }
    throw inUse('others, who come and go')
  } catch (error) {
    held.delete(path)
    throw error
  }
}

/** False when there is one. */
async function create (path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600)
    try {
      await file.writeFile(text)
    } finally {
      await file.close()
    }
    return true
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return false
    throw error
  }
}

/** A process by its number and, where the system tells it, by when it began: numbers are used again. */
async function lifeOf (pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' || state === 'X' ? 'dead' : `${pid} ${rest[18] ?? ''}`
  } catch {
    return `${pid} `
  }
}

function isAlive (pid: number): boolean {
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return isSystemError(error, 'EPERM')
  }
}

function isSystemError (error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code
}

const sizeOf = (key: string, value: Uint8Array): number => key.length + value.length + 16
const sum = (entries: ReadonlyMap<string, Uint8Array>): number => [...entries].reduce((bytes, [key, value]) => bytes + sizeOf(key, value), 0)
