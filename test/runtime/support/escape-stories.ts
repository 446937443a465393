/** What happens around an error that escapes, told in lines on stdout. One story a process: its name is the argument. */
import { createSystem, reducer, type Out, type System } from '../../../src/runtime.js'

interface Do {
  readonly type: 'do'
  readonly begin: () => void
  readonly ends?: boolean
}

const actor = reducer({
  name: 'actor',
  initial: () => 0,
  step (state, message: Do, out: Out<{ begin: Do }>) {
    out.do('begin', message)
    return state
  },
  effects: {
    begin: (self, { begin, ends }) => {
      begin()
      if (ends === true) self.done()
    }
  }
})

const say = (line: string): void => { console.log(line) }
const throwLater = (text: string): void => { setTimeout(() => { throw new Error(text) }, 1) }
const rejectLater = (text: string): void => { setTimeout(() => { void Promise.reject(new Error(text)) }, 1) }
const after = (ms: number): Promise<void> => new Promise(resolve => { setTimeout(resolve, ms) })

function company (containUncaught = true): System {
  const system = createSystem({ containUncaught, log: { level: 'off' } })
  system.trace.add((kind, _actor, exit, at) => { say(kind === 'crashed' ? `crashed ${(exit as { at?: string }).at ?? ''}` : `late ${String(at)}`) }, ['crashed', 'late-error'])
  return system
}

/** Until that was reported, however busy the machine is: whoever begins something else meanwhile gets another order. */
async function begins (system: System, begin: () => void, ends = false): Promise<void> {
  const reported = new Promise<void>(resolve => { system.trace.add(() => { resolve() }, ['crashed', 'late-error']) })
  system.spawn(actor, {}).tell({ type: 'do', begin, ends })
  await reported
}

/** Begins what is to end the process, which has all the time that a busy machine can need. */
async function endsWith (system: System, begin: () => void): Promise<void> {
  system.spawn(actor, {}).tell({ type: 'do', begin })
  await after(10_000)
}

const stories: Readonly<Record<string, () => Promise<void>>> = {
  async listeners () {
    const system = company()
    const listener = (error: Error): void => { say(`heard ${error.message}`) }
    process.on('uncaughtException', listener)
    await begins(system, () => { throwLater('owned') })
    process.off('uncaughtException', listener)
    say('lives')
    throwLater("nobody's")
    await after(10_000)
  },
  async rejections () {
    const system = company()
    let heard = (): void => {}
    process.on('unhandledRejection', reason => {
      say(`heard ${(reason as Error).message}`)
      heard()
    })
    await begins(system, () => { rejectLater('owned') })
    const heardNobodys = new Promise<void>(resolve => { heard = resolve })
    rejectLater("nobody's")
    await heardNobodys
    say('lives')
    await system.stop()
  },
  async beside () {
    const [contains, plain] = [company(), company(false)]
    // Asked for by an actor that is contained, and begun by one that is not.
    await endsWith(contains, () => { plain.spawn(actor, {}).tell({ type: 'do', begin: () => { throwLater("nobody's") } }) })
  },
  async observers () {
    const system = company()
    system.inspect.trace({ kinds: ['message'] }).subscribe(() => { throwLater("nobody's") })
    await endsWith(system, () => {})
  },
  async afterwards () {
    const system = company()
    await begins(system, () => { throwLater('owned') })
    let stopped = false
    await new Promise<void>(resolve => {
      system.spawn(actor, {}).tell({
        type: 'do',
        begin: () => {
          setInterval(() => { if (stopped) throw new Error("nobody's") }, 1)
          resolve()
        }
      })
    })
    await system.stop()
    stopped = true
    await after(10_000)
  },
  async capture () {
    const system = company()
    process.setUncaughtExceptionCaptureCallback(error => { say(`captured ${error.message}`) })
    await begins(system, () => { throwLater('owned') })
    process.setUncaughtExceptionCaptureCallback(null)
    await system.stop()
  },
  async domain () {
    await import('node:domain')
    const system = company()
    await begins(system, () => { throwLater('owned') })
    say('lives')
    await system.stop()
  },
  async late () {
    const system = company()
    await begins(system, () => { throwLater('owned') }, true)
    say('lives')
    await system.stop()
  }
}

process.on('exit', code => { say(`exit ${code}`) })
await stories[process.argv[2]!]!()
