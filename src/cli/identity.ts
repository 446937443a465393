/** The key of the command line's node: kept in a file that only its owner may read. */
import { chmod, mkdir, open, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeyPair, importKey, isKeyType, type KeyType, type PrivateKey } from '../index.js'
import { Misuse } from './command.js'

export interface IdentityOptions {
  /** Folder in which the key is kept as `identity.pem`; made when it is not there. */
  readonly data?: string | undefined
  /** A key file: PEM, or the libp2p protobuf, as bytes or base64. */
  readonly key?: string | undefined
  /** Of a key that is made. */
  readonly type?: KeyType
}

/** @throws Misuse for a file that holds no key; the system's error for one that cannot be read or written */
export async function identity (options: IdentityOptions): Promise<PrivateKey> {
  const { data, key, type = 'Ed25519' } = options
  if (key !== undefined) return readKey(key)
  if (data === undefined) return generateKeyPair(type)
  const file = join(data, 'identity.pem')
  try {
    return await readKey(file)
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error
  }
  await mkdir(data, { recursive: true, mode: 0o700 })
  const fresh = await generateKeyPair(type)
  let handle
  try {
    // Exclusive: of two that start at once, one makes the key and the other reads it.
    handle = await open(file, 'wx', 0o600)
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return readKey(file)
    throw error
  }
  try {
    await handle.writeFile(fresh.toPem())
    await handle.sync()
  } finally {
    await handle.close()
  }
  // The mask of the process may have taken rights away, and never gives more; say it once more for odd file systems.
  await chmod(file, 0o600)
  return fresh
}

/** `ed25519`, `secp256k1`, `ecdsa` or `rsa`, in any case. @throws Misuse */
export function keyType (text: string | undefined): KeyType {
  const wanted = text?.toLowerCase() ?? 'ed25519'
  const type = keyTypes.find(one => one.toLowerCase() === wanted)
  if (type === undefined || !isKeyType(type)) throw new Misuse(`--type must be one of ${keyTypes.map(one => one.toLowerCase()).join(', ')}; got '${text ?? ''}'`)
  return type
}

const keyTypes: readonly KeyType[] = ['Ed25519', 'secp256k1', 'ECDSA', 'RSA']

async function readKey (file: string): Promise<PrivateKey> {
  const bytes = await readFile(file)
  let key
  try {
    key = await importKey(bytes)
  } catch (error) {
    throw new Misuse(`${file} holds no private key: ${error instanceof Error ? error.message : String(error)}`)
  }
  await warnIfOpen(file)
  return key
}

/** Only a warning: some systems mount secrets like that. Windows has rights of another kind. */
async function warnIfOpen (file: string): Promise<void> {
  const { mode } = await stat(file)
  if (process.platform === 'win32' || (mode & 0o077) === 0) return
  process.stderr.write(`troupe: ${file} can be read by others than its owner (mode ${(mode & 0o777).toString(8)}); chmod 600 makes it private\n`)
}

function isSystemError (error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code
}
