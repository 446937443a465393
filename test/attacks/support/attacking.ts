/** The processes around a victim, and how one speaks with them. */
import { fork, type ChildProcess } from 'node:child_process'
import type { Deeds } from './siege.js'

export type AttackerCommand = { readonly id: number, readonly ms: number } & (
  | { readonly do: 'attack', readonly attack: string, readonly address: string }
  /** That share of one processor. */
  | { readonly do: 'burn', readonly share: number }
)
/** `cpuShare`: of one processor. Who burns has done no deeds. */
export interface Attacked { readonly cpuShare: number, readonly deeds: Deeds | undefined }
export type AttackerNews = { readonly id: number, readonly answer: Attacked } | { readonly id: number, readonly error: string }

export type HonestCommand = { readonly id: number } & ({ readonly do: 'start', readonly address: string } | { readonly do: 'measure' } | { readonly do: 'stop' })
export type HonestNews = { readonly id: number, readonly answer: object } | { readonly id: number, readonly error: string }

/** Of all pings since somebody last asked; times in milliseconds. Late ones count as often as others would have gone out meanwhile. */
export interface Measured {
  readonly pings: number
  readonly p50: number
  readonly p99: number
  /** Echoed and compared so far. */
  readonly bytes: number
  readonly failures: readonly string[]
}

type Order<C> = C extends unknown ? Omit<C, 'id'> : never

/** A process that answers commands. */
export class Helper<C extends { readonly id: number }> {
  private readonly child: ChildProcess
  private readonly asked = new Map<number, (news: { readonly error?: string }) => void>()
  private readonly exited: Promise<void>
  private ids = 0

  /** @param program a module beside this one */
  constructor (program: string) {
    this.child = fork(new URL(`./${program}.js`, import.meta.url), { stdio: 'inherit' })
    this.child.on('message', (news: { readonly id: number, readonly error?: string }) => {
      this.asked.get(news.id)?.(news)
      this.asked.delete(news.id)
    })
    this.exited = new Promise(resolve => {
      this.child.once('exit', code => {
        for (const answer of this.asked.values()) answer({ error: `${program} has ended with ${code}` })
        resolve()
      })
    })
  }

  async run<A> (command: Order<C>): Promise<A> {
    const id = ++this.ids
    const { answer, error } = await new Promise<{ readonly error?: string, readonly answer?: A }>(resolve => {
      this.asked.set(id, resolve)
      this.child.send({ ...command, id })
    })
    if (error !== undefined) throw new Error(error)
    return answer as A
  }

  async stop (): Promise<void> {
    this.child.disconnect()
    await this.exited
  }
}
