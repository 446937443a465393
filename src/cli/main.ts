#!/usr/bin/env node
/**
 * The command line. Exit codes: 0 done, 1 failed, 2 called wrongly.
 *
 * Options before the command are ours, everything behind it is the command's own.
 */
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'
import type { Command, ExitCode } from './command.js'

/** Each command is loaded only when asked for, so that each starts as fast as it can. */
const commands: Readonly<Record<string, { readonly summary: string, load (): Promise<{ readonly command: Command }> }>> = {
  start: { summary: 'start a node and listen', load: () => import('./start.js') },
  id: { summary: 'show, or make, an identity', load: () => import('./id.js') },
  dial: { summary: 'connect to a peer and show what it is', load: () => import('./dial.js') },
  ping: { summary: 'measure the round trip to a peer', load: () => import('./ping.js') },
  perf: { summary: 'measure throughput to and from a peer', load: () => import('./perf.js') },
  echo: { summary: 'send text to a peer and get it back', load: () => import('./echo.js') },
  demo: { summary: 'show two nodes at work, and a crash that hurts nobody', load: () => import('./demo.js') }
}

const usage = `usage: troupe [--help | --version] COMMAND [options]

Commands:
${Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`).join('\n')}

Options:
  -h, --help     print this and exit
  -v, --version  print the version and exit

"troupe COMMAND --help" tells more of each.
`

async function main (args: readonly string[]): Promise<ExitCode> {
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

  if (asked.help === true) {
    process.stdout.write(usage)
    return 0
  }
  if (asked.version === true) {
    process.stdout.write(`${version()}\n`)
    return 0
  }
  if (name === undefined) return misuse('a command is missing')
  const found = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (found === undefined) return misuse(`there is no command ${name}`)
  const { command } = await found.load()
  const options = optionsOf(rest)
  if (options.includes('--help') || options.includes('-h')) {
    process.stdout.write(`${command.help}\n`)
    return 0
  }
  try {
    return await command.run(rest)
  } catch (error) {
    const { report } = await import('./command.js')
    return report(name, error, { json: options.includes('--json'), stack: options.includes('--stack') })
  }
}

/** What stands behind `--` is words, whatever it looks like. */
function optionsOf (args: readonly string[]): readonly string[] {
  const at = args.indexOf('--')
  return at < 0 ? args : args.slice(0, at)
}

/** Whoever reads us may have had enough (`| head -1`), which is no failure; that a disk is full is one. Neither is a stack trace's business. */
function unwritable (error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') {
    process.stderr.write(`troupe: stdout: ${error.message}\n`)
    process.exit(1)
  }
  // As other programs are told of it. Who has something to put in order listens.
  if (!process.emit('SIGPIPE', 'SIGPIPE')) process.exit(0)
}

function misuse (problem: string): ExitCode {
  process.stderr.write(`troupe: ${problem}\n\n${usage}`)
  return 2
}

function version (): string {
  // By the package's own name: the path to package.json differs between the published and the tests' build.
  const manifest = createRequire(import.meta.url)('troupe/package.json') as { readonly version: string }
  return manifest.version
}

process.stdout.on('error', unwritable)
process.stderr.on('error', () => {})

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`troupe: ${error instanceof Error ? error.stack ?? error.message : String(error)}\n`)
  process.exitCode = 1
}
