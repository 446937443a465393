/**
 * A node that changes its peer store without end, and says what it has flushed: `node durable-child.js KIND FOLDER SEED FROM`.
 * It is killed by whoever has started it.
 */
import { writeSync } from 'node:fs'
import { createNode, fileDatastore, type OwnedDatastore } from '../../../../src/index.js'
import { SeededRandom } from '../../../../src/runtime/random.js'
import { peerOf } from '../../network-kit.js'
import { peersInWork, workOf, type Said } from './durable-work.js'

const [kind = '', folder = '', seed = '', from = ''] = process.argv.slice(2)

/** At once, so that what was said before the kill is heard. */
const say = (said: Said): void => { writeSync(1, `${JSON.stringify(said)}\n`) }

async function level (): Promise<OwnedDatastore> {
  const { LevelDatastore } = await import('datastore-level')
  const store = new LevelDatastore(folder)
  await store.open()
  return store
}

const failures: string[] = []
const node = await createNode({ listen: [], log: { level: 'off' }, startup: { redial: 0 }, peerStore: { datastore: kind === 'level' ? level : fileDatastore(folder), writeDelayMs: 20 } })
node.addEventListener('store:failed', ({ detail }) => { failures.push(`${detail.code} ${detail.message}`) })
const found: Record<string, number> = {}
for (const { peer, metadata } of await node.peerStore.all()) {
  const value = metadata.get('n')
  const at = Array.from({ length: peersInWork }, (_, n) => n).find(n => peerOf(n + 1).equals(peer))
  if (value !== undefined && at !== undefined) found[at] = new DataView(value.buffer, value.byteOffset).getFloat64(0)
}
say({ found, failures })

const random = new SeededRandom(Number(seed) ^ Number(from))
for (let n = Number(from); ; n++) {
  const { at, deletes, bytes } = workOf(Number(seed), n)
  if (deletes) await node.peerStore.delete(peerOf(at + 1))
  else {
    const value = new Uint8Array(bytes)
    new DataView(value.buffer).setFloat64(0, n)
    await node.peerStore.merge(peerOf(at + 1), { metadata: { n: value } })
  }
  if (random.int(40) > 0) continue
  await node.peerStore.flush()
  say({ flushed: n })
}
