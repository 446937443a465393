/**
 * One side of the audit, in a process of its own: `peer.js troupe|js-libp2p`. `run.ts` starts two of them, and tells
 * them what to do.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { CallCounter, type Executed } from './executed.js'
import { InboundAudit, type InboundFound } from './inbound.js'
import type { Party } from './party.js'

/** What the parent tells, and is answered. Nothing overlaps. */
export type Order =
  | { readonly do: 'serve' }
  /** Listen in until so many bytes have come. */
  | { readonly do: 'record', readonly bytes: number }
  | { readonly do: 'dial', readonly address: string }
  /** As many pieces of 64 KiB one behind another, then as many of 32 bytes, each in a turn of its own. */
  | { readonly do: 'send', readonly address: string, readonly large: number, readonly small: number }
  | { readonly do: 'found' }
  | { readonly do: 'stop' }

export interface Answers {
  readonly serve: string
  readonly record: null
  readonly dial: readonly Executed[]
  readonly send: null
  readonly found: InboundFound
  readonly stop: null
}

/** Until what a start or a connection leaves to be done is done: js-libp2p looks at its addresses a second after its start. */
const quietMs = 1500
const pauseMs = 2

// Before anything of the stack is loaded.
const [stack] = process.argv.slice(2)
const calls = new CallCounter()
const { start } = await import(`./${stack}.js`) as { readonly start: () => Promise<Party> }
const party = await start()
const audit = new InboundAudit(calls)

async function obey (order: Order): Promise<Answers[Order['do']]> {
  switch (order.do) {
    case 'serve':
      return await party.serve(audit.onBytes)
    case 'record':
      audit.start(order.bytes)
      return null
    case 'dial': {
      await sleep(quietMs)
      calls.restart()
      await party.dial(order.address)
      const executed = calls.take()
      await sleep(quietMs)
      return executed
    }
    case 'send': {
      const outlet = await party.open(order.address)
      for (let sent = 0; sent < order.large; sent++) await outlet.write(new Uint8Array(65_536))
      for (let sent = 0; sent < order.small; sent++) {
        await sleep(pauseMs)
        await outlet.write(new Uint8Array(32))
      }
      await outlet.close()
      await sleep(quietMs)
      return null
    }
    case 'found':
      return audit.found()
    case 'stop':
      await party.stop()
      return null
  }
}

process.on('message', (order: Order) => {
  obey(order).then(
    answer => { if (process.connected) process.send!({ answer }) },
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    }
  )
})
