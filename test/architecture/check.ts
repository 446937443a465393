/**
 * Checks sources against the tables in rules.ts. Works on the syntax tree, so comments and strings never count, and asks
 * TypeScript's binder what a name refers to, so a parameter called `setTimeout` is not the global one and
 * `const { random } = Math` is. What a value becomes at run time it cannot see.
 */
import { posix } from 'node:path'
import ts from 'typescript'
import * as rules from './rules.js'

export type Rule =
  | 'import' | 'cycle' | 'guarded-name' | 'any' | 'default-export' | 'not-erasable' | 'body' | 'place' | 'file-name' | 'length'

export interface Violation {
  readonly rule: Rule
  readonly file: string
  readonly line: number
  readonly text: string
}

/** Path from the root of the repository, `src/...` -> text. */
export type Sources = ReadonlyMap<string, string>

type Report = (rule: Rule, node: ts.Node, text: string) => void

export function check (sources: Sources): readonly Violation[] {
  const violations: Violation[] = []
  for (const [path, text] of sources) checkPath(path, text, violations)

  const program = parse(sources)
  const checker = program.getTypeChecker()
  const graph = new Map<string, readonly string[]>()
  for (const path of program.getRootFileNames()) {
    const file = program.getSourceFile(path)!
    const report: Report = (rule, node, text) => {
      violations.push({ rule, file: path, line: file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1, text })
    }
    const imports = importsOf(file, report)
    graph.set(path, imports.filter(found => !found.typeOnly).map(found => found.target))
    checkImports(path, imports, report)
    checkBody(path, file, report)
    checkSyntax(path, file, report)
    if (!fitsAny(path, rules.unguarded)) checkGuardedNames(path, file, checker, report)
  }
  checkCycles(graph, violations)
  return violations
}

/** Binds each file by itself: no library, no other file, so every name that a file does not declare is global. */
function parse (sources: Sources): ts.Program {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.ESNext,
    moduleDetection: ts.ModuleDetectionKind.Force,
    noLib: true,
    noResolve: true
  }
  const host: ts.CompilerHost = {
    fileExists: path => sources.has(path),
    readFile: path => sources.get(path),
    getSourceFile: (path, version) => {
      const text = sources.get(path)
      return text === undefined ? undefined : ts.createSourceFile(path, text, version, true)
    },
    getCurrentDirectory: () => '',
    getCanonicalFileName: path => path,
    getDefaultLibFileName: () => '',
    getNewLine: () => '\n',
    useCaseSensitiveFileNames: () => true,
    writeFile: () => { throw new Error('nothing is emitted') }
  }
  return ts.createProgram([...sources.keys()].filter(path => path.endsWith('.ts')), options, host)
}

// --- places, names, lengths -------------------------------------------------------------------------------------------

function checkPath (path: string, text: string, violations: Violation[]): void {
  const report = (rule: Rule, text: string, line = 1): void => { violations.push({ rule, file: path, line, text }) }
  const [, first = '', ...deeper] = path.split('/')

  const allowed = deeper.length === 0 ? rules.filesUnderSrc : rules.foldersUnderSrc
  if (!allowed.includes(first)) report('place', `nothing but ${allowed.join(', ')} may stand directly under src/`)
  if (!path.endsWith('.ts') && !fits(path, 'src/inspector/page/**')) report('place', 'only TypeScript is source')

  const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*$/
  if (!path.split('/').every(part => kebab.test(part))) report('file-name', 'file and folder names are kebab-case')

  const lines = text.replace(/\n$/, '').split('\n').length
  if (lines > rules.longestFile && !rules.tables.includes(path)) {
    report('length', `${lines} lines; a file holds one concept in at most ${rules.longestFile}`, rules.longestFile)
  }
}

// --- who imports whom -------------------------------------------------------------------------------------------------

interface Import {
  readonly node: ts.Node
  /** `src/...` for a file of ours, else the module's name as written. */
  readonly target: string
  /** Erased by the compiler. `import { type A }` is not: under `verbatimModuleSyntax` it still loads the module. */
  readonly typeOnly: boolean
  /** What it takes; `*` where that cannot be told. */
  readonly names: readonly string[]
}

function importsOf (file: ts.SourceFile, report: Report): readonly Import[] {
  const found: Import[] = []
  const add = (node: ts.Node, specifier: ts.Node | undefined, typeOnly: boolean, names: readonly string[] = ['*']): void => {
    if (specifier !== undefined && ts.isStringLiteralLike(specifier)) {
      found.push({ node, target: targetOf(file.fileName, specifier.text), typeOnly, names })
    } else {
      report('import', node, 'what a computed import loads cannot be checked')
    }
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      add(node, node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword, importedNames(node.importClause))
    } else if (ts.isExportDeclaration(node)) {
      if (node.moduleSpecifier !== undefined) add(node, node.moduleSpecifier, node.isTypeOnly)
    } else if (ts.isImportEqualsDeclaration(node)) {
      if (ts.isExternalModuleReference(node.moduleReference)) add(node, node.moduleReference.expression, node.isTypeOnly)
    } else if (ts.isImportTypeNode(node)) {
      add(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true)
    } else if (isLoad(node)) {
      add(node, node.arguments[0], false)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

function importedNames (clause: ts.ImportClause | undefined): readonly string[] {
  if (clause === undefined) return []
  const named = clause.namedBindings === undefined
    ? []
    : ts.isNamespaceImport(clause.namedBindings)
      ? ['*']
      : clause.namedBindings.elements.map(element => (element.propertyName ?? element.name).text)
  return clause.name === undefined ? named : ['default', ...named]
}

/** `import(...)`, `require(...)` or `createRequire(...)(...)`. */
function isLoad (node: ts.Node): node is ts.CallExpression {
  if (!ts.isCallExpression(node)) return false
  const { expression } = node
  return expression.kind === ts.SyntaxKind.ImportKeyword
    || isNamed(expression, 'require')
    || (ts.isCallExpression(expression) && isNamed(expression.expression, 'createRequire'))
}

function isNamed (node: ts.Node, name: string): boolean {
  return ts.isIdentifier(node) && node.text === name
}

function targetOf (path: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier
  return posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts')
}

function checkImports (path: string, imports: readonly Import[], report: Report): void {
  const room = rules.rooms.find(({ files }) => fits(path, files))
  if (room === undefined) return // its place is wrong already
  const { may = [], mayTypes = [], mayNot = [], only = {} } = room
  const port = rules.ports[path]
  for (const { node, target, typeOnly, names } of imports) {
    const leave = (patterns: readonly string[]): boolean => fitsAny(target, patterns, posix.dirname(path))
    const forValues = (leave(may) || target === port) && !leave(mayNot)
    const forTypes = (leave(may) || leave(mayTypes)) && !leave(mayNot)
    if (!forValues && !(typeOnly && forTypes)) {
      report('import', node, `${room.files} may not import ${target}${forTypes ? ', but for types (`import type`)' : ''}`)
    }
    const wanted = typeOnly ? undefined : only[target]
    const excess = wanted === undefined ? [] : names.filter(name => !wanted.includes(name))
    if (excess.length > 0) report('import', node, `${room.files} may not import ${excess.join(', ')} of ${target}`)
  }
}

/** Every cycle of value imports that a walk in depth closes, once. */
function checkCycles (graph: ReadonlyMap<string, readonly string[]>, violations: Violation[]): void {
  const done = new Set<string>()
  const walk = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) {
      violations.push({ rule: 'cycle', file: path, line: 1, text: [...trail.slice(start), path].join(' -> ') })
      return
    }
    if (done.has(path)) return
    for (const next of graph.get(path) ?? []) walk(next, [...trail, path])
    done.add(path)
  }
  for (const path of graph.keys()) walk(path, [])
}

// --- what a file consists of ------------------------------------------------------------------------------------------

function checkBody (path: string, file: ts.SourceFile, report: Report): void {
  const body = rules.rooms.find(({ files }) => fits(path, files))?.body
  if (body === undefined) return
  for (const statement of file.statements) {
    if (body === 're-exports') {
      if (!ts.isExportDeclaration(statement) || statement.moduleSpecifier === undefined) report('body', statement, 'a front door only re-exports')
    } else if (!declaresTypes(statement)) {
      report('body', statement, 'a contract holds types only')
    }
  }
}

function declaresTypes (statement: ts.Statement): boolean {
  // What a type-only file imports is types already, says the table of imports.
  return ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement) || ts.isImportDeclaration(statement)
    || (ts.isExportDeclaration(statement) && statement.isTypeOnly)
}

function checkSyntax (path: string, file: ts.SourceFile, report: Report): void {
  const visit = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.AnyKeyword && path !== rules.anyAllowed) report('any', node, `the type any stands only in ${rules.anyAllowed}`)
    if (ts.isEnumDeclaration(node) || ts.isModuleDeclaration(node)) report('not-erasable', node, 'no enums, no namespaces: types must be strippable')
    if (exportsDefault(node)) report('default-export', node, 'what is exported has a name')
    ts.forEachChild(node, visit)
  }
  visit(file)
}

function exportsDefault (node: ts.Node): boolean {
  if (ts.isExportSpecifier(node)) return node.name.text === 'default'
  // The modifier of a declaration; a `default:` in a switch is no node of its own.
  return ts.isExportAssignment(node) || node.kind === ts.SyntaxKind.DefaultKeyword
}

// --- time, chance and hidden imports ----------------------------------------------------------------------------------

/** A path from the global object: `['Math', 'random']`; the global object itself is `[]`. */
type Meaning = readonly string[]

const globalObjects = ['globalThis', 'global', 'self', 'window']

/** Modules whose exports are the globals of the same name, and where those stand. */
const globalModules: Readonly<Record<string, Meaning>> = {
  'node:timers': [],
  'node:timers/promises': [],
  'node:perf_hooks': [],
  'node:process': ['process'],
  'node:crypto': ['crypto']
}

const guardedNames = new Set(rules.guards.flatMap(({ names }) => names))
/** Objects that hold a guarded name, and so must not be passed on whole. */
const holders = new Set(['', ...[...guardedNames].filter(name => name.includes('.')).map(name => name.slice(0, name.lastIndexOf('.')))])

function checkGuardedNames (path: string, file: ts.SourceFile, checker: ts.TypeChecker, report: Report): void {
  const meaningOf = meaningIn(checker)

  /** Reports what the node means when that is guarded here; true when it is guarded at all. */
  const guarded = (node: ts.Node, meaning: Meaning | undefined): boolean => {
    const name = meaning?.map((_, length) => meaning.slice(0, length + 1).join('.')).find(prefix => guardedNames.has(prefix))
    if (name === undefined) return false
    const files = rules.guards.filter(({ names }) => names.includes(name)).flatMap(guard => guard.files)
    if (!fitsAny(path, files)) report('guarded-name', node, `${name} ${files.length === 0 ? 'is for nobody' : `is only for ${files.join(', ')}`}`)
    return true
  }

  const visit = (node: ts.Node): void => {
    if (onlyTypes(node)) return
    if (ts.isImportSpecifier(node) || ts.isExportSpecifier(node) || ts.isBindingElement(node)) {
      guarded(node, meaningOf(node))
    } else if (isReference(node)) {
      const meaning = meaningOf(node)
      if (guarded(node, meaning)) return
      if (meaning !== undefined && holders.has(meaning.join('.')) && escapes(node)) {
        report('guarded-name', node, `${node.getText(file)} holds what is guarded: name the member that is wanted`)
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
}

/** Nothing of it is left at run time. */
function onlyTypes (node: ts.Node): boolean {
  if (ts.isHeritageClause(node)) return node.token === ts.SyntaxKind.ImplementsKeyword
  if (ts.isExpressionWithTypeArguments(node)) return false
  if (ts.isImportClause(node)) return node.phaseModifier === ts.SyntaxKind.TypeKeyword
  if (ts.isExportDeclaration(node) || ts.isImportSpecifier(node) || ts.isExportSpecifier(node)) return node.isTypeOnly
  return ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)
}

/** Reads a value: `a`, `a.b`, `a['b']`, `{ a }`; not the name of something declared. */
function isReference (node: ts.Node): node is ts.Expression {
  if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) return true
  if (!ts.isIdentifier(node)) return false
  const parent = node.parent as ts.Node & { readonly name?: ts.Node, readonly propertyName?: ts.Node, readonly label?: ts.Node }
  if (ts.isShorthandPropertyAssignment(parent)) return true
  return parent.name !== node && parent.propertyName !== node && parent.label !== node
}

/** The value goes where its members can no longer be followed. */
function escapes (node: ts.Node): boolean {
  const { parent } = node
  if (isWrapping(parent)) return escapes(parent)
  if (ts.isPropertyAccessExpression(parent)) return false
  if (ts.isElementAccessExpression(parent)) return !ts.isStringLiteralLike(parent.argumentExpression)
  if (ts.isVariableDeclaration(parent) || ts.isTypeOfExpression(parent)) return false
  return !(ts.isBinaryExpression(parent) && parent.operatorToken.kind === ts.SyntaxKind.InstanceOfKeyword)
}

/** Leaves the value inside it as it is. */
function isWrapping (node: ts.Node): node is ts.ParenthesizedExpression | ts.AsExpression | ts.SatisfiesExpression | ts.NonNullExpression {
  return ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node) || ts.isNonNullExpression(node)
}

/** What a node means, seen from the global object, as far as the tree shows it. */
function meaningIn (checker: ts.TypeChecker): (node: ts.Node) => Meaning | undefined {
  /** Nodes on the way to the present one: `const a = b, b = a` means nothing. */
  const trail = new Set<ts.Node>()

  const meaningOf = (node: ts.Node): Meaning | undefined => {
    if (trail.has(node)) return undefined
    trail.add(node)
    try {
      return compute(node)
    } finally {
      trail.delete(node)
    }
  }

  const compute = (node: ts.Node): Meaning | undefined => {
    if (ts.isIdentifier(node)) return meaningOfName(node)
    if (ts.isPropertyAccessExpression(node)) return member(meaningOf(node.expression), node.name.text)
    if (ts.isElementAccessExpression(node)) return member(meaningOf(node.expression), literal(node.argumentExpression))
    if (isWrapping(node) || ts.isAwaitExpression(node)) return meaningOf(node.expression)
    if (isLoad(node)) return moduleNamed(node.arguments[0])
    if (ts.isVariableDeclaration(node)) return node.initializer && meaningOf(node.initializer)
    if (ts.isBindingElement(node)) {
      const whole = meaningOf(node.parent.parent)
      if (node.dotDotDotToken !== undefined) return whole
      const key = node.propertyName ?? node.name
      return member(whole, ts.isIdentifier(key) ? key.text : literal(key))
    }
    if (ts.isNamespaceImport(node)) return moduleNamed(node.parent.parent.moduleSpecifier)
    if (ts.isImportClause(node)) return moduleNamed(node.parent.moduleSpecifier)
    if (ts.isImportSpecifier(node) || ts.isExportSpecifier(node)) {
      const { moduleSpecifier } = ts.isImportSpecifier(node) ? node.parent.parent.parent : node.parent.parent
      return member(moduleNamed(moduleSpecifier), (node.propertyName ?? node.name).text)
    }
    return undefined
  }

  const meaningOfName = (node: ts.Identifier): Meaning | undefined => {
    const symbol = ts.isShorthandPropertyAssignment(node.parent)
      ? checker.getShorthandAssignmentValueSymbol(node.parent)
      : checker.getSymbolAtLocation(node)
    const declaration = symbol?.declarations?.[0]
    if (declaration !== undefined) return meaningOf(declaration)
    return member([], node.text)
  }

  return meaningOf
}

function member (whole: Meaning | undefined, name: string | undefined): Meaning | undefined {
  if (whole === undefined || name === undefined) return undefined
  // `crypto.webcrypto` has the same members; a default export is its module.
  if (name === 'default' || name === 'webcrypto') return whole
  return whole.length === 0 && globalObjects.includes(name) ? [] : [...whole, name]
}

function literal (node: ts.Node): string | undefined {
  return ts.isStringLiteralLike(node) ? node.text : undefined
}

function moduleNamed (specifier: ts.Node | undefined): Meaning | undefined {
  return specifier && globalModules[literal(specifier) ?? '']
}

// --- patterns ---------------------------------------------------------------------------------------------------------

function fitsAny (target: string, patterns: readonly string[], folder = ''): boolean {
  return patterns.some(pattern => fits(target, pattern, folder))
}

/** `folder` is what `./` stands for. */
function fits (target: string, pattern: string, folder = ''): boolean {
  return matcher(pattern.replace(/^\.\//, `${folder}/`)).test(target)
}

const matchers = new Map<string, RegExp>()

function matcher (pattern: string): RegExp {
  let known = matchers.get(pattern)
  if (known === undefined) {
    const parts = pattern.split(/(\*\*\/|\*\*|\*)/).map(part => {
      switch (part) {
        case '**/': return '(?:.*/)?'
        case '**': return '.*'
        case '*': return '[^/]*'
        default: return part.replace(/[.+^$(){}|[\]\\]/g, '\\$&')
      }
    })
    // A package covers its subpaths; no file of ours has any.
    known = new RegExp(`^${parts.join('')}(?:/.*)?$`)
    matchers.set(pattern, known)
  }
  return known
}
