/**
 * The ways in which code can throw when nothing of ours is on the stack, each begun by an actor. What becomes of them is told in
 * docs/semantics.md, for each Node.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { lookup } from 'node:dns'
import { EventEmitter } from 'node:events'
import { stat } from 'node:fs'
import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { MessageChannel } from 'node:worker_threads'
import { gzip } from 'node:zlib'

/** What the throwers find around them, made by nobody's code. */
export interface Surroundings {
  /** Of a server that sends a byte to whoever connects. */
  readonly port: number
  readonly emitter: EventEmitter
  readonly controller: AbortController
  /** Resolved, and rejected, a moment later. */
  readonly resolved: Promise<void>
  readonly rejected: Promise<void>
  /** As `io` of an actor's context. */
  readonly guard: (fn: () => void) => () => void
}

const boom = (): never => { throw new Error('boom') }

/** A promise that is left to itself. */
function float (work: Promise<unknown>): void {
  void work
}

function dialed (port: number): Socket {
  return connect(port, '127.0.0.1').on('error', () => {})
}

export const escapeWays: Readonly<Record<string, (around: Surroundings) => void>> = {
  'setTimeout': () => { setTimeout(boom, 1) },
  'setInterval': () => {
    const timer = setInterval(() => {
      clearInterval(timer)
      boom()
    }, 1)
  },
  'setImmediate': () => { setImmediate(boom) },
  'process.nextTick': () => { process.nextTick(boom) },
  'queueMicrotask': () => { queueMicrotask(boom) },
  'a promise that rejects at once': () => { float(Promise.reject(new Error('boom'))) },
  'an async function that throws after an await': () => {
    float((async () => {
      await Promise.resolve()
      boom()
    })())
  },
  'an async function that throws after a timer': () => {
    float((async () => {
      await new Promise(resolve => { setTimeout(resolve, 1) })
      boom()
    })())
  },
  'then of a promise of others': ({ resolved }) => { float(resolved.then(boom)) },
  'a promise of others that rejects, awaited and not caught': ({ rejected }) => { float((async () => { await rejected })()) },
  'a rejection with what is no error': () => {
    float(Promise.reject('boom'))
  },
  'a listener of an emitter of its own': () => {
    const emitter = new EventEmitter().on('event', boom)
    setTimeout(() => { emitter.emit('event') }, 1)
  },
  "'error' of an emitter of its own, unheard": () => {
    const emitter = new EventEmitter()
    setTimeout(() => { emitter.emit('error', new Error('boom')) }, 1)
  },
  "a socket of its own: 'connect'": ({ port }) => { dialed(port).on('connect', function (this: Socket) { this.destroy(); boom() }) },
  "a socket of its own: 'data'": ({ port }) => { dialed(port).once('data', function (this: Socket) { this.destroy(); boom() }) },
  "a socket of its own: 'end'": ({ port }) => { dialed(port).resume().on('end', boom) },
  "a socket of its own: 'close'": ({ port }) => { dialed(port).resume().on('close', boom) },
  "a socket of its own: 'error', unheard": () => { connect(1, '127.0.0.1') },
  'a server of its own: who connects': () => {
    const server = createServer(socket => {
      socket.destroy()
      server.close()
      boom()
    })
    server.listen(0, '127.0.0.1', () => { dialed((server.address() as AddressInfo).port).resume() })
  },
  'a stream of its own': () => { Readable.from(['a']).on('data', boom) },
  'an abort signal of its own': () => {
    const controller = new AbortController()
    controller.signal.addEventListener('abort', boom)
    setTimeout(() => { controller.abort() }, 1)
  },
  'a message port of its own': () => {
    const { port1, port2 } = new MessageChannel()
    port1.on('message', () => {
      port1.close()
      boom()
    })
    port2.postMessage(1)
  },
  'a callback of node:fs': () => { stat('/', boom) },
  'a callback of node:dns': () => { lookup('localhost', boom) },
  'a callback of node:crypto': () => { randomBytes(8, boom) },
  'a callback of node:zlib': () => { gzip('a', boom) },
  'a callback of node:child_process': () => { execFile(process.execPath, ['--version'], boom) },
  'a listener of an emitter of others': ({ emitter }) => { emitter.on('event', boom) },
  'an abort signal of others': ({ controller }) => { controller.signal.addEventListener('abort', boom) },
  'a listener of an emitter of others, wrapped by `guard` or `io`': ({ emitter, guard }) => { emitter.on('event', guard(boom)) },
  'an abort signal of others, wrapped by `guard` or `io`': ({ controller, guard }) => { controller.signal.addEventListener('abort', guard(boom)) }
}
