/** Runs the command line in a process of its own, as a user does. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url))

export interface Outcome { readonly code: number, readonly stdout: string, readonly stderr: string }

/** Runs it to its end. */
export function troupe (...args: string[]): Promise<Outcome> {
  return troupeWith('', ...args)
}

/** Runs it to its end, with something on stdin. */
export function troupeWith (input: string, ...args: string[]): Promise<Outcome> {
  return new Promise(resolve => {
    const child = execFile(process.execPath, [main, ...args], (_, stdout, stderr) => { resolve({ code: child.exitCode ?? -1, stdout, stderr }) })
    child.stdin?.end(input)
  })
}

/** The objects that it printed, one a line. */
export function objects ({ stdout }: Outcome): readonly Record<string, unknown>[] {
  return stdout.split('\n').filter(line => line !== '').map(line => JSON.parse(line) as Record<string, unknown>)
}

/** A `troupe start --json` that runs until it is stopped. */
export class Started {
  readonly child: ChildProcess
  readonly events: Array<Record<string, unknown>> = []
  private readonly waiting = new Set<() => void>()
  /** Its exit code, when it ends. */
  readonly exited: Promise<number>

  constructor (...args: string[]) {
    this.child = spawn(process.execPath, [main, 'start', '--json', ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    createInterface({ input: this.child.stdout! }).on('line', line => {
      this.events.push(JSON.parse(line) as Record<string, unknown>)
      for (const look of this.waiting) look()
    })
    this.exited = new Promise(resolve => { this.child.on('exit', code => { resolve(code ?? -1) }) })
  }

  /** The first event of that name, come or to come. */
  event (name: string): Promise<Record<string, unknown>> {
    return new Promise(resolve => {
      const look = (): void => {
        const found = this.events.find(({ event }) => event === name)
        if (found === undefined) return
        this.waiting.delete(look)
        resolve(found)
      }
      this.waiting.add(look)
      look()
    })
  }

  /** An address on the loopback interface. */
  async address (): Promise<string> {
    const { addresses } = await this.event('node.listening') as unknown as { readonly addresses: readonly string[] }
    return addresses.find(address => address.startsWith('/ip4/127.0.0.1/'))!
  }

  /** Resolves with the exit code. */
  async stop (signal: NodeJS.Signals = 'SIGINT'): Promise<number> {
    this.child.kill(signal)
    return this.exited
  }
}
