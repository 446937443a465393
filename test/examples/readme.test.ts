/** Every program in the README compiles under the strict settings, runs, and prints what its comments say. */
import { expect } from 'chai'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { inspect, promisify } from 'node:util'
import sinon from 'sinon'
import ts from 'typescript'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const programs = [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map(([, program]) => program!)

describe('the programs in the README', () => {
  it('are there', () => {
    expect(programs.length).to.be.at.least(1)
  })

  programs.forEach((program, index) => {
    // Two that belong together are run together below.
    const alone = fileName(program) === undefined
    it(`number ${index + 1} compiles${alone ? ' and prints what it says' : ''}`, async function () {
      this.timeout(30_000)
      await written(program, `readme-${index + 1}`, async output => {
        if (alone) expect(await printedBy(output)).to.deep.equal([...program.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, line]) => line))
      })
    })
  })

  it('the two of the first screen meet, and print the tree that stands there', async function () {
    this.timeout(30_000)
    const [listen, dial] = ['listen.mjs', 'dial.mjs'].map(name => programs.find(program => fileName(program) === name)!)
    await written(listen!, 'readme-listen', async listener => {
      await written(dial!, 'readme-dial', async dialer => {
        const child = spawn(process.execPath, [listener], { stdio: ['ignore', 'pipe', 'inherit'] })
        try {
          const [line] = await once(createInterface({ input: child.stdout }), 'line') as [string]
          const address = /^node dial\.mjs (\S+)$/.exec(line)![1]!
          const { stdout } = await promisify(execFile)(process.execPath, [dialer, address])
          const [greeting, ...tree] = stdout.trimEnd().split('\n')
          expect(greeting).to.match(/^Hello Ada, you are 12D3Koo/)
          const rest = tree.map(place)
          // More may live at that moment: the exchange of identify comes and goes.
          for (const line of promisedTree) expect(rest.splice(0, rest.indexOf(place(line)) + 1), line).to.not.deep.equal([])
        } finally {
          child.kill()
        }
      })
    })
  })
})

/** A program that is to be saved says under which name. */
function fileName (program: string): string | undefined {
  return /^\/\/ (\S+\.mjs)\n/.exec(program)?.[1]
}

const promisedTree = (/^```text\n(node \(.*?)^```/ms.exec(readme)?.[1] ?? '').trimEnd().split('\n')

/** Who lives where, without what he knows at that moment, and without the branches, which depend on who else is there. */
function place (line: string): string {
  return line.replace(/ \{.*/, '').replace(/, \d+ waiting.*/, '').replaceAll(/[├└─│]/g, ' ')
}

/** Compiles a program beside the sources, so that the package's own name and its dependencies are found as a user's program would. */
async function written (program: string, name: string, use: (output: string) => Promise<void>): Promise<void> {
  const source = join(root, `.build/${name}.ts`)
  const output = source.replace(/ts$/, 'mjs')
  writeFileSync(source, program)
  try {
    expect(complaints(source)).to.deep.equal([])
    writeFileSync(output, ts.transpileModule(program, { compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 } })
      .outputText.replaceAll(/'troupe(?:\/(\w+))?'/g, (_, door: string | undefined) => `'./src/${door ?? 'index'}.js'`))
    await use(output)
  } finally {
    rmSync(source, { force: true })
    rmSync(output, { force: true })
  }
}

function complaints (file: string): string[] {
  const settings = ts.readConfigFile(join(root, 'tsconfig.json'), path => readFileSync(path, 'utf8')) as { config: { compilerOptions: object } }
  const { options } = ts.convertCompilerOptionsFromJson(settings.config.compilerOptions, root)
  const program = ts.createProgram([file], { ...options, noUnusedLocals: false, paths: { 'troupe': [join(root, 'src/index.ts')], 'troupe/*': [join(root, 'src/*.ts')] } })
  return ts.getPreEmitDiagnostics(program)
    .filter(({ file: where }) => where?.fileName === file)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}

async function printedBy (file: string): Promise<string[]> {
  const log = sinon.stub(console, 'log')
  try {
    await import(pathToFileURL(file).href)
    return log.args.map(values => values.map(value => typeof value === 'string' ? value : inspect(value)).join(' '))
  } finally {
    log.restore()
  }
}
