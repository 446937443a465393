import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Scenario } from '../support/sheet.js'
import { root, shipped } from './shipped.js'

const mebibyte = 1024 * 1024

/** What js-libp2p needs for the same: TCP, Noise, Yamux, identify, ping. */
const jsPackages = ['libp2p', '@libp2p/tcp', '@libp2p/noise', '@libp2p/yamux', '@libp2p/identify', '@libp2p/ping']

export const install: Scenario = {
  name: 'install',
  what: 'what a production install puts on the disk: our own build and sources and all packages that are needed, directly or not',
  async run (sheet) {
    const { dependencies = {} } = manifest(root)
    const troupe = closure(Object.keys(dependencies))
    const js = closure(jsPackages)
    shipped('index.js')
    const own = sizeOf(join(root, 'dist')) + sizeOf(join(root, 'src'))
    const size = sheet.figure('Troupe, size', 'MiB', [(own + troupe.bytes) / mebibyte])
    const packages = sheet.figure('Troupe, packages', '', [troupe.paths.length + 1])
    sheet.figure('js-libp2p, size', 'MiB', [js.bytes / mebibyte])
    sheet.figure('js-libp2p, packages', '', [js.paths.length])
    sheet.atMost('packages', packages, 30, '')
    sheet.atMost('size', size, 15, 'MiB')
    sheet.note(`Troupe needs ${troupe.paths.map(path => manifest(path).name).sort().join(', ')}`)
  }
}

interface Manifest {
  readonly name: string
  readonly dependencies?: Record<string, string>
}

function manifest (path: string): Manifest {
  return JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as Manifest
}

function closure (names: readonly string[]): { readonly paths: readonly string[], readonly bytes: number } {
  const found = new Set<string>()
  const visit = (name: string, from: string): void => {
    const path = resolve(name, from)
    if (found.has(path)) return
    found.add(path)
    for (const dependency of Object.keys(manifest(path).dependencies ?? {})) visit(dependency, path)
  }
  for (const name of names) visit(name, root)
  const paths = [...found]
  return { paths, bytes: paths.reduce((sum, path) => sum + sizeOf(path), 0) }
}

/** As Node looks for it. @throws Error when it is not installed */
function resolve (name: string, from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', name)
    if (lstatSync(join(path, 'package.json'), { throwIfNoEntry: false }) !== undefined) return path
    if (folder === dirname(folder)) throw new Error(`${name} is not installed, but ${from} needs it`)
  }
}

/** Bytes of all files below, without packages that are nested there: they are counted by themselves. */
function sizeOf (path: string): number {
  let bytes = 0
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.name === 'node_modules') continue
    const below = join(path, entry.name)
    bytes += entry.isDirectory() ? sizeOf(below) : lstatSync(below).size
  }
  return bytes
}
