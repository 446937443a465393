/**
 * Which branches of a source a run has taken: the counts come from V8 (`NODE_V8_COVERAGE`), the branches from the syntax
 * tree of what was compiled: both ways of `if`, `?:`, `&&`, `||` and `??`, each `case`, each loop entered.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

interface Range { readonly startOffset: number, readonly endOffset: number, readonly count: number }
interface Script { readonly url: string, readonly functions: ReadonlyArray<{ readonly ranges: readonly Range[] }> }

export interface Coverage {
  readonly source: string
  readonly taken: number
  readonly all: number
  /** Lines of the compiled file with a branch that was not taken. */
  readonly missed: readonly string[]
}

/**
 * Runs a module of this folder in a process of its own (what was compiled before counting began is not counted), and
 * looks which branches of these sources it takes.
 *
 * @returns what the module printed, and the branches
 */
export function branchesTaken (sources: readonly string[], module: string, ...args: readonly string[]): { readonly output: string, readonly coverage: readonly Coverage[] } {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-branches-'))
  try {
    const run = spawnSync(process.execPath, [fileURLToPath(new URL(module, import.meta.url)), ...args], {
      env: { ...process.env, NODE_V8_COVERAGE: folder }, encoding: 'utf8'
    })
    if (run.status !== 0) throw new Error(run.stderr)
    const scripts = readdirSync(folder).flatMap(name => (JSON.parse(readFileSync(join(folder, name), 'utf8')) as { result: Script[] }).result)
    return { output: run.stdout, coverage: sources.map(source => coverageOf(source, scripts)) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function coverageOf (source: string, scripts: readonly Script[]): Coverage {
  const url = new URL(`../../../${source.replace(/\.ts$/, '.js')}`, import.meta.url)
  const text = readFileSync(fileURLToPath(url), 'utf8')
  const ranges = (scripts.find(script => script.url === url.href)?.functions ?? []).flatMap(({ ranges }) => ranges)
  // The innermost range around a place has its count.
  const countAt = (at: number): number => {
    let inner: Range | undefined
    for (const range of ranges) {
      if (range.startOffset <= at && at < range.endOffset && (inner === undefined || range.endOffset - range.startOffset <= inner.endOffset - inner.startOffset)) inner = range
    }
    return inner?.count ?? 0
  }
  const file = ts.createSourceFile('compiled.js', text, ts.ScriptTarget.ESNext, true)
  const missed: string[] = []
  let all = 0
  const branch = (taken: boolean, node: ts.Node, what: string): void => {
    all++
    if (!taken) missed.push(`${file.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${what}: ${node.getText().split('\n', 1)[0]?.slice(0, 90)}`)
  }
  const visit = (node: ts.Node): void => {
    const here = countAt(node.getStart())
    if (ts.isIfStatement(node)) {
      const then = countAt(node.thenStatement.getStart())
      branch(then > 0, node, 'if')
      branch(node.elseStatement === undefined ? here > then : countAt(node.elseStatement.getStart()) > 0, node, 'else')
    } else if (ts.isConditionalExpression(node)) {
      branch(countAt(node.whenTrue.getStart()) > 0, node, '?')
      branch(countAt(node.whenFalse.getStart()) > 0, node, ':')
    } else if (ts.isBinaryExpression(node) && logical.has(node.operatorToken.kind)) {
      const right = countAt(node.right.getStart())
      branch(right > 0, node, 'right side')
      branch(here > right, node, 'left side only')
    } else if (ts.isCaseClause(node) || ts.isDefaultClause(node)) {
      const [first] = node.statements
      if (first !== undefined) branch(countAt(first.getStart()) > 0, node, 'case')
    } else if (ts.isIterationStatement(node, false)) {
      branch(countAt(node.statement.getStart()) > 0, node, 'loop')
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return { source, taken: all - missed.length, all, missed }
}

const logical = new Set([ts.SyntaxKind.AmpersandAmpersandToken, ts.SyntaxKind.BarBarToken, ts.SyntaxKind.QuestionQuestionToken])
