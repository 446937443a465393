/**
 * Foreign peers: builds and starts the programs in `js/`, `go/` and `rust/`, each in a process of its own, and speaks
 * `control.ts` with them.
 *
 *   const js = await startForeign('js')
 *   const { rttMs } = await js.run('ping', { address, count: 1 })
 *   await js.stop()
 *
 * They run with the defaults of their implementations, but for what would refuse the suite itself:
 *
 * | peer | limit | default | here | why |
 * |---|---|---|---|---|
 * | js | `maxInboundStreams`, `maxOutboundStreams` of a protocol | 32, 64 | 1000 | 200 streams of echo on one connection |
 * | js | `maxEarlyStreams` of yamux | 10 | 1000 | streams that come before the connection is handed out |
 * | js | `inboundConnectionThreshold` | 5 a second from one host | 1000 | all sides are one host |
 * | js | `maxIncomingPendingConnections` | 10 | 1000 | all sides are one host |
 * | go | resource manager | scaled to the machine | `InfiniteLimits` | 200 streams of one protocol with one peer |
 * | rust | `max_negotiating_inbound_streams` | 128 | 1000 | 200 streams are negotiated at once |
 * | rust | `idle_connection_timeout` | 10 s | 1 h | the connection waits for the next case |
 * | rust | interval of ping | 15 s | 200 ms | it pings by itself, and cannot be asked to |
 */
import { execFile, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Answers, CommandName, KeyType, Ready, Side, Told } from './control.js'

export type ForeignName = 'js' | 'go' | 'rust'
export const foreignNames: readonly ForeignName[] = ['js', 'go', 'rust']

export interface SideOptions {
  /** Default `ed25519`. */
  readonly keyType?: KeyType
  /** Default a free port of 127.0.0.1. */
  readonly listen?: string
}

interface Program {
  readonly file: string
  readonly args: readonly string[]
}

const run = promisify(execFile)
const sources = (path: string): string => fileURLToPath(new URL(`../../../test/interop/${path}`, import.meta.url))
const compiled = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const builds: Record<ForeignName, () => Promise<Program | undefined>> = {
  async js () {
    return { file: process.execPath, args: ['--import', compiled('js/preload.js'), compiled('js/peer.js')] }
  },
  async go () {
    if (!await runs('go', 'version')) return undefined
    await run('go', ['build', '-trimpath', '-o', 'bin/peer', '.'], { cwd: sources('go') })
    return { file: sources('go/bin/peer'), args: [] }
  },
  async rust () {
    if (!await runs('cargo', '--version')) return undefined
    await run('cargo', ['build', '--release', '--locked', '--quiet'], { cwd: sources('rust') })
    return { file: sources('rust/target/release/troupe-interop-rust'), args: [] }
  }
}

const built = new Map<ForeignName, Promise<Program | undefined>>()

/**
 * Builds the program, once a run; takes minutes the first time.
 *
 * @returns whether there is one: without its toolchain there is none, which is said loudly
 * @throws when there is the toolchain, and the build fails
 */
export async function buildForeign (name: ForeignName): Promise<boolean> {
  return await build(name) !== undefined
}

/** @throws when it cannot be built, or ends before it is ready */
export async function startForeign (name: ForeignName, options: SideOptions = {}): Promise<Side> {
  const program = await build(name)
  if (program === undefined) throw new Error(`there is no toolchain for ${name}`)
  const flags = ['--key-type', options.keyType ?? 'ed25519', '--listen', options.listen ?? '/ip4/127.0.0.1/tcp/0']
  const peer = new ForeignPeer(name, spawn(program.file, [...program.args, ...flags]))
  return await peer.ready()
}

function build (name: ForeignName): Promise<Program | undefined> {
  let program = built.get(name)
  if (program === undefined) {
    program = builds[name]().then(found => {
      if (found === undefined) console.error(`\n!!! ${name}: SKIPPED, its toolchain is not on this machine: nothing is known of the interoperability with it\n`)
      return found
    })
    built.set(name, program)
  }
  return program
}

async function runs (file: string, ...args: string[]): Promise<boolean> {
  return await run(file, args).then(() => true, () => false)
}

interface Answer {
  readonly id: number
  readonly ok: boolean
  readonly error?: string
}

const running = new Set<ChildProcessWithoutNullStreams>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

class ForeignPeer {
  readonly name: string
  readonly child: ChildProcessWithoutNullStreams
  readonly #asked = new Map<number, (answer: Answer) => void>()
  readonly #ready: Promise<Ready>
  readonly #exited: Promise<void>
  #said = ''
  #asks = 0

  constructor (name: ForeignName, child: ChildProcessWithoutNullStreams) {
    this.name = name
    this.child = child
    running.add(child)
    child.stderr.setEncoding('utf8').on('data', (text: string) => { this.#said = (this.#said + text).slice(-4000) })
    // It may be gone before it has read all.
    child.stdin.on('error', () => {})
    this.#exited = new Promise(resolve => child.once('close', () => resolve()))
    this.#ready = new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', text => {
        const line = JSON.parse(text) as Ready | Answer
        if ('event' in line) resolve(line)
        else this.#settle(line)
      })
      child.once('error', reject)
      child.once('close', () => {
        running.delete(child)
        const error = `${name} has ended: ${this.#said}`
        reject(new Error(error))
        for (const id of [...this.#asked.keys()]) this.#settle({ id, ok: false, error })
      })
    })
  }

  async ready (): Promise<Side> {
    const { peerId, addresses, versions, ours } = await this.#ready
    return {
      name: this.name,
      peerId,
      addresses,
      versions,
      ours,
      run: async (name, told) => await this.#run(name, told),
      said: () => this.#said,
      stop: async () => { await this.#stop() }
    }
  }

  #settle (answer: Answer): void {
    this.#asked.get(answer.id)?.(answer)
    this.#asked.delete(answer.id)
  }

  async #run<N extends CommandName> (name: N, told: Told<N>): Promise<Answers<N>> {
    if (!running.has(this.child)) throw new Error(`${this.name} has ended: ${this.#said}`)
    const id = ++this.#asks
    return await new Promise((resolve, reject) => {
      this.#asked.set(id, ({ id: _id, ok, error, ...figures }) => {
        if (ok) resolve(figures)
        else reject(new Error(`${this.name} ${name}: ${error ?? ''}`))
      })
      this.child.stdin.write(`${JSON.stringify({ id, do: name, ...told })}\n`)
    })
  }

  async #stop (): Promise<void> {
    this.child.stdin.end('{"do":"quit"}\n')
    await this.#exited
  }
}
