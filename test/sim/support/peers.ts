/** Peers, or visitors, in a process of their own, as the campaign sees them. */
import { fork, type ChildProcess } from 'node:child_process'
import type { ProtocolLimits } from '../../../src/index.js'
import type { FlowNews, FlowTotals } from './flows.js'

/** Of perf here: many streams of it, none of which has the pipe for itself. */
export const mostStreams: ProtocolLimits = { inbound: 64, inboundPerPeer: 64, inboundTotal: Infinity, inboundPerSecond: Infinity, inboundBurst: Infinity, idleMs: 60_000, drainMs: 5000 }

/** Of flows, between two pieces: 500 streams carry five hundred pieces a second, and leave most of the processor to those who kill. */
export const campaignPauseMs = 2000

export type PeersCommand = { readonly id: number } & (
  | { readonly do: 'start', readonly seed: number, readonly peers: number, readonly visitors: number }
  /** From each peer to that address so many of each kind. */
  | { readonly do: 'traffic', readonly address: string, readonly echo: number, readonly perf: number }
  /** That visitor connects anew, and pings. */
  | { readonly do: 'visit', readonly visitor: number, readonly address: string }
  | { readonly do: 'live' }
  /** All traffic ends in order. */
  | { readonly do: 'rest' }
  /** All connections end. */
  | { readonly do: 'part' }
)

export type PeerFlowNews = FlowNews & { readonly peer: string }

export type PeersNews =
  | { readonly id: number, readonly answer: object }
  | { readonly id: number, readonly error: string }
  | { readonly news: PeerFlowNews }

interface Waiting {
  readonly resolve: (answer: object) => void
  readonly reject: (error: Error) => void
}

type Order<C> = C extends unknown ? Omit<C, 'id'> : never

export class Peers {
  peers: readonly string[] = []
  visitors: readonly string[] = []
  private readonly child: ChildProcess
  private readonly asked = new Map<number, Waiting>()
  private readonly exited: Promise<void>
  private ids = 0
  private leaving = false

  private constructor (hear: (news: PeerFlowNews) => void) {
    this.child = fork(new URL('./kill-peers.js', import.meta.url), { stdio: 'inherit' })
    this.child.on('message', (message: PeersNews) => {
      if ('news' in message) {
        hear(message.news)
        return
      }
      const waiting = this.asked.get(message.id)
      this.asked.delete(message.id)
      if ('error' in message) waiting?.reject(new Error(message.error))
      else waiting?.resolve(message.answer)
    })
    this.exited = new Promise(resolve => {
      this.child.once('exit', code => {
        for (const { reject } of this.asked.values()) reject(new Error(`the peers' process has ended with ${code}`))
        this.asked.clear()
        if (!this.leaving) process.emitWarning(`the peers' process has ended with ${code}`)
        resolve()
      })
    })
  }

  static async start (options: { readonly seed: number, readonly peers: number, readonly visitors: number }, hear: (news: PeerFlowNews) => void): Promise<Peers> {
    const peers = new Peers(hear)
    Object.assign(peers, await peers.run({ do: 'start', ...options }))
    return peers
  }

  run (command: Order<PeersCommand>): Promise<object> {
    const id = ++this.ids
    return new Promise((resolve, reject) => {
      this.asked.set(id, { resolve, reject })
      this.child.send({ ...command, id })
    })
  }

  async live (): Promise<number> {
    return (await this.run({ do: 'live' }) as { readonly live: number }).live
  }

  async rest (): Promise<FlowTotals> {
    return await this.run({ do: 'rest' }) as FlowTotals
  }

  get pid (): number {
    return this.child.pid ?? 0
  }

  async stop (): Promise<void> {
    this.leaving = true
    if (this.child.connected) this.child.disconnect()
    await this.exited
  }

  /** Whatever it does: for a campaign that has failed. */
  async kill (): Promise<void> {
    this.leaving = true
    this.child.kill('SIGKILL')
    await this.exited
  }
}
