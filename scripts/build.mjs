/**
 * Builds what is published: src -> dist.
 *
 * The compiler writes the declarations, file by file; rollup writes the code in a few files, because loading one file for each
 * module was two thirds of the time that a node took to start. Nothing is in two of them: classes of `troupe` are those of
 * `troupe/runtime`.
 *
 *   index, runtime, messages, testnet   the front doors, as package.json names them
 *   cli/main                            the command, and beside it one file for each of its commands
 *   chunks/                             what they share, a file for each layer
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rollup } from 'rollup'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))
const source = join(root, 'src')
const target = join(root, 'dist')

const doors = ['index', 'runtime', 'messages', 'testnet', 'cli/main']

/** What of `src` goes to which chunk; the first that fits. What is in none goes where rollup puts it. */
const layers = /** @type {const} */ ([
  ['sim', /^runtime\/sim\//],
  ['values', /^(messages|runtime\/crypto)\//],
  ['runtime', /^runtime\//],
  ['node', /^actors\//]
])

rmSync(target, { recursive: true, force: true })
await Promise.all([declarations(), code()])

async function declarations () {
  const compiler = fileURLToPath(import.meta.resolve('typescript/bin/tsc'))
  const child = spawn(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' })
  await once(child, 'close')
  if (child.exitCode !== 0) process.exit(child.exitCode ?? 1)
}

async function code () {
  const bundle = await rollup({
    input: Object.fromEntries(doors.map(door => [door, join(source, `${door}.ts`)])),
    external: id => !id.startsWith('.') && !id.startsWith(source),
    plugins: [typescript()],
    onwarn (warning) { throw new Error(warning.message) }
  })
  await bundle.write({
    dir: target,
    format: 'es',
    sourcemap: true,
    // The sources are published, and the maps point there.
    sourcemapExcludeSources: true,
    manualChunks: id => layers.find(([, belongs]) => belongs.test(within(id)))?.[0],
    chunkFileNames: ({ moduleIds, name }) => moduleIds.some(id => within(id).startsWith('cli/')) ? `cli/${name}.js` : `chunks/${name}.js`,
    // Otherwise each door would import, for its side effects, whatever its chunks import.
    hoistTransitiveImports: false,
    minifyInternalExports: false
  })
}

/**
 * @param {string} id
 * @returns {string} path below `src`
 */
function within (id) {
  return id.slice(source.length + 1).replaceAll('\\', '/')
}

/** @returns {import('rollup').Plugin} that reads the sources */
function typescript () {
  return {
    name: 'typescript',
    resolveId: (id, importer) => importer === undefined || !id.startsWith('.') ? null : join(importer, '..', id.replace(/\.js$/, '.ts')),
    load (id) {
      const { outputText, sourceMapText } = ts.transpileModule(readFileSync(id, 'utf8'), {
        fileName: id,
        // Comments are half of what there is to read, and the maps lead to them.
        compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, sourceMap: true, removeComments: true, verbatimModuleSyntax: true }
      })
      return { code: outputText, map: sourceMapText ?? null }
    }
  }
}
