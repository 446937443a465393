import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unixPort } from '../../../src/runtime/io/unix.js'
import { realWorld } from './real-world.js'
import { portContract } from './port-contract.js'

describe('unix port', () => {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-'))
  let n = 0

  after(() => { rmSync(folder, { recursive: true }) })

  portContract(() => realWorld(system => unixPort(system), `unix:${folder}/${++n}.sock`), { lends: true, resets: false, watchesPaused: false }, {
    noAddresses: ['/tmp/x', 'unix:tmp/x', 'unix:', 'unix:/tmp/', `unix:/${'x'.repeat(108)}`, '127.0.0.1:80'],
    nobody: `unix:${folder}/nobody.sock`,
    form: /^unix:\/.+\/\d+\.sock$/
  })
})
