import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Executed } from './executed.js'
import { FrameCounter } from './frame-counter.js'
import type { InboundFound } from './inbound.js'
import type { Answers, Order } from './peer.js'

export type StackName = 'troupe' | 'js-libp2p'

export interface Found {
  readonly inbound: InboundFound
  /** Noise frames that brought it. */
  readonly frames: number
  readonly dial: readonly Executed[]
}

const peer = fileURLToPath(new URL('./peer.js', import.meta.url))
const preload = new URL('../../test/interop/js/preload.js', import.meta.url).href

/** 8 MiB in full frames, and then small messages one by one: for those the reader always waits. */
const amounts = { large: 128, small: 200 }
const bytes = amounts.large * 65_536 + amounts.small * 32

/** Listener and dialer in processes of their own, over TCP, Noise and Yamux. */
export async function run (stack: StackName): Promise<Found> {
  const listener = new Peer(stack)
  const dialer = new Peer(stack)
  const counter = new FrameCounter()
  try {
    const served = await listener.tell({ do: 'serve' })
    const port = await counter.listen(Number(/\/tcp\/(\d+)/.exec(served)?.[1]))
    const address = served.replace(/\/tcp\/\d+/, `/tcp/${port}`)
    const dial = await dialer.tell({ do: 'dial', address })
    await listener.tell({ do: 'record', bytes })
    const before = counter.frames
    await dialer.tell({ do: 'send', address, ...amounts })
    const inbound = await listener.tell({ do: 'found' })
    const frames = counter.frames - before
    await dialer.tell({ do: 'stop' })
    await listener.tell({ do: 'stop' })
    if (inbound.bytes !== bytes) throw new Error(`${stack}: ${bytes} bytes were sent, ${inbound.bytes} have come`)
    return { inbound, frames, dial }
  } finally {
    counter.stop()
    dialer.kill()
    listener.kill()
  }
}

class Peer {
  private readonly process: ChildProcess

  constructor (stack: StackName) {
    this.process = fork(peer, [stack], { execArgv: stack === 'js-libp2p' ? ['--import', preload] : [] })
  }

  tell<O extends Order> (order: O): Promise<Answers[O['do']]> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null): void => { reject(new Error(`the process that should ${order.do} has ended with code ${String(code)}`)) }
      this.process.once('exit', onExit)
      this.process.once('message', ({ answer }: { readonly answer: Answers[O['do']] }) => {
        this.process.off('exit', onExit)
        resolve(answer)
      })
      this.process.send(order)
    })
  }

  kill (): void {
    this.process.kill()
  }
}
