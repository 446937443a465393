/**
 * The ways in which `node:crypto` makes X25519 keys: which one this Node takes, and that all lead to the same keys. What it
 * guards against, a hang of Node 20, cannot be seen from inside; so a child process makes many keys while memory is scarce.
 */
import { expect } from 'chai'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { nodeCrypto } from '../../../src/runtime/crypto/node.js'
import type { X25519Ways } from '../../../src/runtime/crypto/node-x25519.js'
import { NodeX25519, RemoteX25519, waysOfThisNode } from '../../../src/runtime/crypto/node-x25519.js'
import { toHex } from '../../wire/kit.js'
import { providers } from './kit.js'

const major = Number.parseInt(process.versions.node)

describe('X25519 on this Node', () => {
  it('never exports a generated key on Node 20, and generates from 22 on', () => {
    expect(waysOfThisNode().fresh).to.equal(major < 22 ? 'entropy' : 'generate')
  })

  it('imports private bytes as JWK where Node takes them with any public half', () => {
    expect(waysOfThisNode().private).to.equal(major < 26 ? 'jwk' : 'der')
  })

  // What this Node refuses is left out; what it merely does not choose is tried.
  const ways: readonly X25519Ways[] = (['entropy', 'generate'] as const).flatMap(fresh => (['jwk', 'der'] as const).map(way => ({ fresh, private: way })))
    .filter(way => way.private === 'der' || waysOfThisNode().private === 'jwk')

  for (const way of ways) {
    it(`makes the same keys: fresh by ${way.fresh}, private by ${way.private}`, async () => {
      const noble = await providers[1]!.load()
      const x25519 = new NodeX25519(way, length => nodeCrypto.randomBytes(length))
      for (let i = 0; i < 10; i++) {
        const bytes = nodeCrypto.randomBytes(32)
        expect(toHex(x25519.fromBytes(bytes).publicKey)).to.equal(toHex(noble.importX25519(bytes).publicKey))
        const [mine, theirs] = [x25519.generate(), noble.generateX25519()]
        expect(toHex(mine.agree(new RemoteX25519(theirs.publicKey))!)).to.equal(toHex(theirs.agree(noble.importX25519Public(mine.publicKey))!))
      }
    })
  }

  it('does not hang while keys are made and collected', function () {
    this.timeout(60_000)
    const program = `
      import { nodeCrypto } from ${JSON.stringify(new URL('../../../src/runtime/crypto/node.js', import.meta.url).href)}
      const kept = []
      for (let i = 0; i < 4000; i++) {
        kept.push(nodeCrypto.generateX25519())
        if (kept.length === 700) kept.length = 0
        if (i % 200 === 0) globalThis.gc()
      }
      console.log(kept.length)`
    const run = spawnSync(process.execPath, ['--expose-gc', '--max-semi-space-size=1', '--input-type=module', '--eval', program], { encoding: 'utf8', timeout: 50_000 })
    expect(run.signal, 'it hangs').to.be.null
    expect(run.stderr).to.equal('')
    expect(run.stdout.trim()).to.equal('500')
  })

  it('is the only place where a generated key object is exported', () => {
    for (const file of ['node.ts', 'node-keys.ts', 'node-bytes.ts']) {
      const text = readFileSync(new URL(`../../../../src/runtime/crypto/${file}`, import.meta.url), 'utf8')
      const generated = text.split('\n').filter(line => line.includes('generateKeyPairSync(') && !line.includes('import'))
      expect(generated.length, file).to.equal(file === 'node-keys.ts' ? 1 : 0)
      if (file === 'node-keys.ts') expect(text).to.match(/generateKeyPairSync\('rsa', \{[^}]*privateKeyEncoding/)
    }
  })
})
