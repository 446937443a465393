/**
 * What users get: the package as npm packs it, in a folder of its own, with nothing beside it but its dependencies.
 */
import { expect } from 'chai'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const modules = join(root, 'node_modules')

describe('the package', () => {
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'troupe-package-'))
    const installed = join(folder, 'node_modules')
    await mkdir(installed)
    const { stdout } = await run('npm', ['pack', '--json', '--silent', '--pack-destination', folder], { cwd: root })
    const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf('['))) as [{ filename: string }]
    await run('tar', ['-xzf', join(folder, filename), '-C', installed])
    await rename(join(installed, 'package'), join(installed, 'troupe'))
    const { dependencies } = JSON.parse(await readFile(join(installed, 'troupe/package.json'), 'utf8')) as { dependencies: Record<string, string> }
    for (const name of Object.keys(dependencies)) {
      await mkdir(dirname(join(installed, name)), { recursive: true })
      await symlink(join(modules, name), join(installed, name))
    }
    await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  })

  after(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  async function program (source: string, ...flags: string[]): Promise<string> {
    const file = join(folder, 'program.mjs')
    await writeFile(file, source)
    const { stdout } = await run(process.execPath, [...flags, file], { cwd: folder })
    return stdout
  }

  it('has four doors that share what they export', async () => {
    const said = await program(`
      const [all, runtime, messages, testnet] = await Promise.all(['troupe', 'troupe/runtime', 'troupe/messages', 'troupe/testnet'].map(door => import(door)))
      for (const door of [runtime, messages]) {
        for (const [name, value] of Object.entries(door)) if (all[name] !== value) throw new Error(name + ' is there twice')
      }
      if (!(new testnet.TestNet({ seed: 1 }).world instanceof runtime.SimWorld)) throw new Error('another SimWorld')
      const node = await all.createNode({ listen: ['/ip4/127.0.0.1/tcp/0'] })
      if (!(node.peerId instanceof messages.PeerId)) throw new Error('another PeerId')
      const failure = await node.dial('/ip4/127.0.0.1/udp/1').catch(error => error)
      if (!(failure instanceof messages.NetworkError)) throw failure
      await node.stop()
      console.log(failure.code)
    `)
    expect(said).to.match(/^dial\/[a-z-]+\n$/)
  })

  it('has the command', async () => {
    const { stdout } = await run(process.execPath, [join(folder, 'node_modules/troupe/dist/cli/main.js'), 'id', '--json'], { cwd: folder })
    expect(JSON.parse(stdout)).to.have.property('peerId').that.matches(/^12D3/)
  })

  it('names its sources in stack traces', async () => {
    const said = await program(`
      import { Multiaddr } from 'troupe'
      try { Multiaddr.parse('/nonsense') } catch (error) { console.log(error.stack) }
    `, '--enable-source-maps')
    expect(said).to.match(/troupe\/src\/messages\/value\/multiaddr\.ts:\d+/)
  })

  it('has types for all doors', async () => {
    await writeFile(join(folder, 'typed.ts'), `
      import { createNode, type Node } from 'troupe'
      import { createSystem, type System } from 'troupe/runtime'
      import { PeerId } from 'troupe/messages'
      import { TestNet } from 'troupe/testnet'
      const node: Node = await createNode()
      const peer: PeerId = node.peerId
      const system: System = createSystem({ name: 'typed' })
      export const all = [node, peer, system, TestNet]
    `)
    await run(process.execPath, [
      join(modules, 'typescript/bin/tsc'), '--noEmit', '--strict', '--module', 'NodeNext', '--target', 'ES2022',
      '--lib', 'ES2023,ESNext.Disposable', '--types', 'node', '--typeRoots', join(modules, '@types'), join(folder, 'typed.ts')
    ], { cwd: folder }).catch((error: unknown) => { expect.fail((error as { stdout: string }).stdout) })
  })
})
