/** Stops a node among hung peers, all over real sockets and each side in a process of its own (issue 5, acceptance 7). */
import { expect } from 'chai'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { sleepForReal } from '../../../sleep.js'
import { hungStages } from './hung-stages.js'

export interface Stopped {
  readonly stopMs: number
  /** From the end of `stop()` to that of the process. */
  readonly exitMs: number
  readonly connections: number
  /** With those that are not upgraded. */
  readonly all: number
  readonly dials: number
  readonly abandonedTasks: number
}

export async function stopAmongHung (peers: number): Promise<Stopped> {
  const node = start('stopping.js')
  const lines = createInterface({ input: node.stdout! })[Symbol.asyncIterator]()
  const address = await next(lines)
  const hung = start('hung.js', address, String(peers))
  try {
    const ready = await next(createInterface({ input: hung.stdout! })[Symbol.asyncIterator]())
    node.stdin!.write(`${ready.replace('ready ', '')}\n`)
    // The dials of the node must get where they hang.
    await sleepForReal(1500, 'the dials of another process are on their way through real sockets')
    const exit = once(node, 'exit') as Promise<[code: number | null]>
    node.stdin!.end()
    const told = JSON.parse(await next(lines)) as Omit<Stopped, 'exitMs'> & { readonly left: readonly unknown[], readonly warnings: readonly string[] }
    const begun = performance.now()
    const [code] = await exit
    expect(code).to.equal(0)
    expect(told.left, 'ledger').to.deep.equal([])
    // Its handlers never return.
    expect(told.abandonedTasks).to.be.at.least(Math.floor(peers / hungStages.length))
    expect(told.warnings).to.deep.equal([])
    expect(told.all, 'connections that hang').to.be.at.least(peers)
    // Those to the stages behind the muxer have ended.
    expect(told.dials, 'dials that hang').to.equal(hungStages.indexOf('stream'))
    return { ...told, exitMs: performance.now() - begun }
  } finally {
    hung.kill()
    node.kill()
  }
}

function start (file: string, ...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--enable-source-maps', fileURLToPath(new URL(file, import.meta.url)), ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
}

async function next (lines: AsyncIterator<string>): Promise<string> {
  const { done, value } = await lines.next() as IteratorResult<string, undefined>
  if (done === true) throw new Error('the process has ended before it said anything')
  return value
}
