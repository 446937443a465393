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

interface Program {
  readonly text: string
  /** Beside the sources, so that the package's own name and its dependencies are found as a user's program would. */
  readonly source: string
  readonly output: string
  /** Under which name it is to be saved, when it says so: then it belongs to another. */
  readonly name: string | undefined
}

const programs: readonly Program[] = [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map(([, text = ''], at) => {
  const path = join(root, `.build/readme-${at + 1}`)
  return { text, source: `${path}.ts`, output: `${path}.mjs`, name: /^\/\/ (\S+\.mjs)\n/.exec(text)?.[1] }
})
const promisedTree = (/^```text\n(node \(.*?)^```/ms.exec(readme)?.[1] ?? '').trimEnd().split('\n')

describe('the programs in the README', () => {
  let complaints: ReadonlyMap<string, readonly string[]>

  before(function () {
    // One program for the compiler: most of its time goes to our own sources.
    this.timeout(60_000)
    for (const { output, source, text } of programs) {
      writeFileSync(source, text)
      writeFileSync(output, ts.transpileModule(text, { compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 } })
        .outputText.replaceAll(/'troupe(?:\/(\w+))?'/g, (_, door: string | undefined) => `'./src/${door ?? 'index'}.js'`))
    }
    complaints = complaintsOf(programs.map(({ source }) => source))
  })

  after(() => {
    for (const { output, source } of programs) for (const file of [output, source]) rmSync(file, { force: true })
  })

  it('are there', () => {
    expect(programs.length).to.be.at.least(4)
  })

  programs.forEach(({ name, output, source, text }, at) => {
    it(`number ${at + 1} compiles`, () => {
      expect(complaints.get(source) ?? []).to.deep.equal([])
    })

    if (name !== undefined) return
    it(`number ${at + 1} prints what it says`, async () => {
      expect(await printedBy(output)).to.deep.equal([...text.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, line]) => line))
    })
  })

  it('the two of the first screen meet, and print the tree that stands there', async function () {
    this.timeout(30_000)
    const [listener, dialer] = ['listen.mjs', 'dial.mjs'].map(name => programs.find(program => program.name === name)!.output)
    const child = spawn(process.execPath, [listener!], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      const [line] = await once(createInterface({ input: child.stdout }), 'line') as [string]
      const address = /^node dial\.mjs (\S+)$/.exec(line)![1]!
      const { stdout } = await promisify(execFile)(process.execPath, [dialer!, address])
      const tree = stdout.trimEnd().split('\n')
      expect(tree.pop()).to.match(/^Hello Ada, you are 12D3Koo/)
      const rest = tree.map(place)
      // More may live at that moment: the exchange of identify comes and goes.
      for (const promised of promisedTree) expect(rest.splice(0, rest.indexOf(place(promised)) + 1), promised).to.not.deep.equal([])
    } finally {
      child.kill()
    }
  })
})

/** Who lives where, without what he knows at that moment, and without the branches, which depend on who else is there. */
function place (line: string): string {
  return line.replace(/ \{.*/, '').replace(/, \d+ waiting.*/, '').replaceAll(/[├└─│]/g, ' ').replace(/\d+ stream/, 'n stream')
}

/** By file. */
function complaintsOf (files: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const settings = ts.readConfigFile(join(root, 'tsconfig.json'), path => readFileSync(path, 'utf8')) as { config: { compilerOptions: object } }
  const { options } = ts.convertCompilerOptionsFromJson(settings.config.compilerOptions, root)
  const paths = { 'troupe': [join(root, 'src/index.ts')], 'troupe/*': [join(root, 'src/*.ts')] }
  const program = ts.createProgram(files, { ...options, noUnusedLocals: false, paths })
  return new Map(files.map(file => {
    const source = program.getSourceFile(file)
    return [file, [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))]
  }))
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
