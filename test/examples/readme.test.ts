/** Every program in the README compiles under the strict settings, runs, and prints what its comments say. */
import { expect } from 'chai'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
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
    it(`number ${index + 1} compiles and prints what it says`, async function () {
      this.timeout(30_000)
      // Beside the sources, so that the package's own name and its dependencies are found as a user's program would.
      const source = join(root, `.build/readme-${index + 1}.ts`)
      const output = source.replace(/ts$/, 'mjs')
      writeFileSync(source, program)
      try {
        expect(complaints(source)).to.deep.equal([])
        writeFileSync(output, ts.transpileModule(program, { compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 } })
          .outputText.replaceAll(/'troupe\/(\w+)'/g, '\'./src/$1.js\''))
        expect(await printedBy(output)).to.deep.equal([...program.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, line]) => line))
      } finally {
        rmSync(source, { force: true })
        rmSync(output, { force: true })
      }
    })
  })
})

function complaints (file: string): string[] {
  const settings = ts.readConfigFile(join(root, 'tsconfig.json'), path => readFileSync(path, 'utf8')) as { config: { compilerOptions: object } }
  const { options } = ts.convertCompilerOptionsFromJson(settings.config.compilerOptions, root)
  const program = ts.createProgram([file], { ...options, noUnusedLocals: false, paths: { 'troupe/*': [join(root, 'src/*.ts')] } })
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
