#!/usr/bin/env node
/**
 * The command line. Exit codes: 0 done, 1 failed, 2 called wrongly.
 *
 * Options before the command are ours, everything behind it is the command's own; only `--help` is answered here in
 * both places, since there is one page of help.
 */
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'

interface Command {
  readonly summary: string
  /** Resolves with the exit code. */
  run (args: readonly string[]): Promise<number>
}

/** Each command is loaded only when asked for, so that `--help` costs nothing. */
const commands: Readonly<Record<string, Command>> = {
  start: {
    summary: 'show the actor runtime at work',
    run: async args => (await import('./start.js')).start(args)
  }
}

const usage = `usage: troupe [--help | --version] COMMAND [options]

Commands:
${Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`).join('\n')}

Options:
  -h, --help     print this and exit
  -v, --version  print the version and exit
`

async function main (args: readonly string[]): Promise<number> {
  const at = args.findIndex(arg => !arg.startsWith('-'))
  const name = args[at]
  const own = at < 0 ? args : args.slice(0, at)
  const rest = at < 0 ? [] : args.slice(at + 1)

  let asked
  try {
    asked = parseArgs({
      args: [...own],
      options: { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } }
    }).values
  } catch (error) {
    return misuse(error instanceof Error ? error.message : String(error))
  }

  if (asked.help === true || rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(usage)
    return 0
  }
  if (asked.version === true) {
    process.stdout.write(`${version()}\n`)
    return 0
  }
  if (name === undefined) return misuse('a command is missing')
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) return misuse(`there is no command ${name}`)
  return await command.run(rest)
}

function misuse (problem: string): number {
  process.stderr.write(`troupe: ${problem}\n\n${usage}`)
  return 2
}

function version (): string {
  // By the package's own name: the path to package.json differs between the published and the tests' build.
  const manifest = createRequire(import.meta.url)('troupe/package.json') as { readonly version: string }
  return manifest.version
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`troupe: ${error instanceof Error ? error.stack ?? error.message : String(error)}\n`)
  process.exitCode = 1
}
