/** Lets an actor throw in each way, one after another, and prints what became of it: one JSON object. A process of its own. */
import { EventEmitter } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { createSystem, reducer, type Out, type System } from '../../../src/runtime.js'
import { escapeWays, type Surroundings } from './escape-ways.js'

export type Fate = 'contained' | 'ends the process'

interface Do {
  readonly type: 'do'
  readonly way: (around: Surroundings) => void
  readonly around: Omit<Surroundings, 'guard'>
}

const thrower = reducer({
  name: 'thrower',
  initial: () => 0,
  step (state, message: Do, out: Out<{ begin: Do }>) {
    out.do('begin', message)
    return state
  },
  effects: { begin: (actor, { way, around }) => { way({ ...around, guard: fn => actor.io(fn) }) } }
})

const server = createServer(socket => { socket.on('error', () => {}).end('x') })
await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
const { port } = server.address() as AddressInfo
let escaped = (): void => {}
// Nobody's: Node would have ended the process.
process.on('uncaughtException', () => { escaped() })

const fates: Record<string, Fate> = {}
for (const [name, way] of Object.entries(escapeWays)) {
  const system = createSystem({ containUncaught: true, log: { level: 'off' } })
  fates[name] = await fateOf(system, way)
  await system.stop()
}
console.log(JSON.stringify(fates))
process.exit()

async function fateOf (system: System, way: Do['way']): Promise<Fate> {
  const emitter = new EventEmitter()
  const controller = new AbortController()
  const around = {
    port,
    emitter,
    controller,
    resolved: new Promise<void>(resolve => { setTimeout(resolve, 1) }),
    rejected: new Promise<void>((_resolve, reject) => { setTimeout(() => { reject(new Error('boom')) }, 1) })
  }
  around.rejected.catch(() => {})
  const bystander = system.spawn(thrower, { name: 'bystander' })
  const actor = system.spawn(thrower, { name: 'thrower' })
  const fate = new Promise<Fate>(resolve => {
    escaped = () => { resolve('ends the process') }
    system.trace.add((_kind, cell) => { if (cell.name === 'thrower') resolve('contained') }, ['down'])
  })
  actor.tell({ type: 'do', way, around })
  setTimeout(() => {
    emitter.emit('event')
    controller.abort()
  }, 20)
  const found = await fate
  if (!bystander.alive) throw new Error('the bystander has ended too')
  if (found === 'contained') {
    const why = system.inspect.why('/system/thrower')
    if (why.status !== 'down' || !/boom|ECONNREFUSED/.test(JSON.stringify(why.death?.exit.error))) throw new Error(`it ended for another reason: ${JSON.stringify(why)}`)
  }
  return found
}
