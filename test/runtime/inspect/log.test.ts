import { expect } from 'chai'
import sinon from 'sinon'
import { supervisor } from '../../../src/runtime/behavior/supervisor.js'
import { LogFilter, rankOf } from '../../../src/runtime/inspect/log-filter.js'
import type { LogFields, Logger, LogOptions } from '../../../src/runtime/inspect/log.js'
import { child } from '../../../src/runtime/supervision.js'
import { boss, breakDown, counter, inCompany, look, perform, permanent, type Scene } from './company.js'

type Line = readonly [level: string, path: string, text: string]

class Notebook {
  readonly lines: Line[] = []
  readonly fields: LogFields[] = []

  readonly logger: Logger = {
    trace: (fields, text) => { this.note('trace', fields, text) },
    debug: (fields, text) => { this.note('debug', fields, text) },
    info: (fields, text) => { this.note('info', fields, text) },
    warn: (fields, text) => { this.note('warn', fields, text) },
    error: (fields, text) => { this.note('error', fields, text) }
  }

  private note (level: string, fields: LogFields, text: string): void {
    this.lines.push([level, fields.path, text])
    this.fields.push(fields)
  }
}

/** What is logged of a scene with these options. */
async function logOf (log: Omit<LogOptions, 'logger'>, scene: (scene: Scene) => Promise<void>): Promise<Notebook> {
  const notebook = new Notebook()
  const root = supervisor('floor', {
    strategy: 'one-for-one',
    children: [permanent('till'), child('boss', boss('boss', { strategy: 'dynamic' }), { input: () => 0 })],
    intensity: { restarts: 2 },
    backoff: { jitter: 0 }
  })
  await inCompany(scene, { root, log: { ...log, logger: notebook.logger } })()
  return notebook
}

const speak = perform(actor => { for (const level of ['trace', 'debug', 'info', 'warn', 'error'] as const) actor.log(level, `says ${level}`) })

async function crashOften ({ tell, world }: Scene): Promise<void> {
  for (let time = 0; time < 3; time++) {
    tell('/shop/till', breakDown)
    await world.run(1100)
  }
}

const said = (path: string, ...levels: readonly string[]): Line[] => levels.map(level => [level, path, `says ${level}`])

describe('log', () => {
  let env: string | undefined
  let stderr: sinon.SinonStub<Parameters<typeof process.stderr.write>, boolean> | undefined

  beforeEach(() => {
    env = process.env['TROUPE_LOG']
    delete process.env['TROUPE_LOG']
  })

  afterEach(() => {
    stderr?.restore()
    stderr = undefined
    delete process.env['TROUPE_LOG']
    if (env !== undefined) process.env['TROUPE_LOG'] = env
  })

  function catchStderr (): () => string {
    const stub = sinon.stub(process.stderr, 'write').returns(true)
    stderr = stub
    return () => stub.args.map(([text]) => String(text)).join('')
  }

  it('tells by default of crashes, restarts and suspensions, and of what is worse than a message', async () => {
    const { lines, fields } = await logOf({}, crashOften)
    const crash: Line = ['error', '/shop/till', "crashed in its step, handling 'counter.break': Error: it broke (caused by TypeError: a screw was loose)"]
    expect(lines).to.deep.equal([
      crash,
      ['warn', '/shop', "restarts 'till' at once"],
      crash,
      ['warn', '/shop', "restarts 'till' in 1,000 ms"],
      crash,
      ['error', '/shop', "suspends 'till', which failed too often; tries it again in 60,000 ms"]
    ])
    expect(fields[0]).to.include({ kind: 'crashed', behavior: 'counter' }).and.to.have.property('err').that.is.an('error')
    expect(fields[0]!.atMs).to.be.a('number')
  })

  it('costs nothing for messages, spawns and stops unless somebody wants to read of them', async () => {
    const on = async (log: LogOptions): Promise<string> => {
      let kinds = ''
      await logOf(log, async ({ system }) => { kinds = Object.entries(system.trace.on).filter(([, heard]) => heard).map(([kind]) => kind).join(' ') })
      return kinds
    }
    expect(await on({})).to.equal('')
    expect(await on({ level: 'off' })).to.equal('')
    expect(await on({ level: 'info' })).to.equal('')
    expect(await on({ level: 'debug' })).to.equal('spawned started ending down')
    expect(await on({ level: 'trace' })).to.equal('spawned started message emitted ending down')
    expect(await on({ filter: 'till:trace' })).to.include('message')
  })

  it('goes by the level', async () => {
    for (const [level, levels] of Object.entries({ trace: ['trace', 'debug', 'info', 'warn', 'error'], info: ['info', 'warn', 'error'], warn: ['warn', 'error'], error: ['error'], off: [] })) {
      const { lines } = await logOf({ level: level as NonNullable<LogOptions['level']> }, async ({ tell, world }) => {
        tell('/shop/till', speak)
        await world.run(1)
      })
      expect(lines.filter(([, , text]) => text.startsWith('says')), level).to.deep.equal(said('/shop/till', ...levels))
    }
  })

  it('tells of lives at debug, and of messages at trace', async () => {
    const scene = async ({ tell, world }: Scene): Promise<void> => {
      tell('/shop/boss', perform(actor => {
        actor.spawn(counter(), { input: 0, name: 'clerk' }).tell(perform(clerk => {
          clerk.emit({ type: 'clerk.waved' })
          clerk.done()
        }))
      }))
      tell('/shop/nobody', look)
      await world.run(1)
    }
    const debug = await logOf({ filter: 'clerk:debug,nobody:debug,off' }, scene)
    expect(debug.lines).to.deep.equal([
      ['debug', '/shop/boss/clerk', 'spawned'],
      ['debug', '/shop/boss/clerk', 'started'],
      ['debug', '/shop/boss/clerk', 'ends: reached its end'],
      ['debug', '/shop/boss/clerk', 'is down: reached its end']
    ])
    const trace = await logOf({ filter: 'clerk:trace,off' }, scene)
    expect(trace.lines.filter(([level]) => level === 'trace')).to.deep.equal([
      ['trace', '/shop/boss/clerk', "handles 'counter.do'"],
      ['trace', '/shop/boss/clerk', "emits 'clerk.waved'"]
    ])
    const all = await logOf({ level: 'debug' }, scene)
    expect(all.lines).to.deep.include(['debug', '/shop/nobody', "'counter.look' is lost: down"])
    expect(all.lines.at(-1)).to.deep.equal(['debug', '/shop', 'is down: was stopped (system-stop)'])
  })

  it('goes by the pattern for whom it fits, and by the last that does', async () => {
    const { lines } = await logOf({ filter: 'boss:info, boss/1:error ,warn' }, async ({ tell, world }) => {
      tell('/shop/boss', perform(actor => {
        actor.spawn(counter(), { input: 0 }).tell(speak)
        actor.spawn(counter(), { input: 0 }).tell(speak)
      }))
      tell('/shop/boss', speak)
      tell('/shop/till', speak)
      await world.run(1)
    })
    const of = (path: string): Line[] => lines.filter(line => line[1] === path)
    expect(of('/shop/boss')).to.deep.equal(said('/shop/boss', 'info', 'warn', 'error'))
    expect(of('/shop/boss/1')).to.deep.equal(said('/shop/boss/1', 'error'))
    expect(of('/shop/boss/2')).to.deep.equal(said('/shop/boss/2', 'info', 'warn', 'error'))
    expect(of('/shop/till')).to.deep.equal(said('/shop/till', 'warn', 'error'))
  })

  it('carries details, and what was thrown', async () => {
    const { fields } = await logOf({}, async ({ tell, world }) => {
      tell('/shop/boss', perform(actor => { actor.log('warn', 'careful', { depth: 3 }) }))
      tell('/shop/boss', perform(actor => {
        actor.own({ [Symbol.dispose]: () => { throw new Error('stuck') } })
        actor.done()
      }))
      await world.run(1)
    })
    expect(fields[0]).to.deep.include({ kind: 'log', path: '/shop/boss', behavior: 'boss', details: { depth: 3 } })
    expect(fields[1]).to.include({ kind: 'late-error' }).and.to.have.nested.property('err.message', 'stuck')
  })

  it('tells of an observer that was removed', async () => {
    const { lines } = await logOf({}, async ({ system, tell, world }) => {
      system.inspect.trace({ kinds: ['message'] }).subscribe(() => { throw new Error('clumsy') })
      tell('/shop/till', look)
      await world.run(1)
    })
    expect(lines).to.deep.equal([['warn', '/shop', 'an observer of trace threw and is removed: Error: clumsy']])
  })

  it('is removed when the logger throws, and stderr says so', async () => {
    const written = catchStderr()
    const logger: Logger = { ...new Notebook().logger, error: () => { throw new Error('disk full') } }
    await inCompany(async ({ system, world, tell }) => {
      for (let time = 0; time < 2; time++) {
        system.spawn(counter(), { input: 0, name: 'till' })
        tell('/shop/till', breakDown)
        await world.run(1)
      }
      expect(system.inspect.why('/shop/till').status).to.equal('down')
    }, { log: { logger } })()
    expect(written()).to.match(/^ +0\.000 error \/shop: the logger is removed: Error: disk full \(at \S+\)\n$/)
  })

  it('writes one line each to stderr, whatever is in the text', async () => {
    const written = catchStderr()
    await inCompany(async ({ system, world, tell }) => {
      system.spawn(counter(), { input: 0, name: 'till' })
      tell('/shop/till', perform(actor => { actor.log('warn', 'two\nlines, and \u001b[31mred', { a: [1] }) }))
      tell('/shop/till', perform(() => { throw new TypeError('no till\n   0.000 error /bank: forged') }))
      await world.run(1)
    }, { log: { level: 'warn' } })()
    const lines = written().split('\n')
    expect(lines).to.have.length(3)
    expect(lines[0]).to.equal('    0.000 warn /shop/till: two\\nlines, and \\x1b[31mred {"a":[1]}')
    expect(lines[1]).to.match(/^ {4}0\.000 error \/shop\/till: crashed in an effect, handling 'counter\.do': TypeError: no till\\n {3}0\.000 error \/bank: forged \(at \S*log\.test\.[jt]s:\d+:\d+\)$/)
  })

  describe('TROUPE_LOG', () => {
    it('counts where there are no options', async () => {
      process.env['TROUPE_LOG'] = 'till:info,error'
      const scene = async ({ tell, world }: Scene): Promise<void> => {
        tell('/shop/till', speak)
        tell('/shop/boss', speak)
        await world.run(1)
      }
      expect((await logOf({}, scene)).lines).to.have.deep.members([...said('/shop/till', 'info', 'warn', 'error'), ...said('/shop/boss', 'error')])
      expect((await logOf({ level: 'off' }, scene)).lines).to.deep.equal([])
    })

    it('is read past a slip, which is named', async () => {
      process.env['TROUPE_LOG'] = 'till:loud,boss:info,nonsense,error'
      const { lines } = await logOf({}, async ({ tell, world }) => {
        tell('/shop/boss', speak)
        tell('/shop/till', speak)
        await world.run(1)
      })
      expect(lines[0]).to.deep.equal(['warn', '/shop', "TROUPE_LOG: 'till:loud', 'nonsense' is not understood and left out;"
      + " it must be a level (trace, debug, info, warn, error, off) or a piece of a path with a colon and a level, such as 'dialer:debug'"])
      expect(lines.slice(1)).to.have.deep.members([...said('/shop/boss', 'info', 'warn', 'error'), ...said('/shop/till', 'error')])
    })
  })

  it('names the option that is wrong', () => {
    const wrong: ReadonlyArray<readonly [unknown, string]> = [
      [{ levels: 'info' }, "unknown option 'levels'"],
      [{ level: 'loud' }, "log.level: must be one of trace, debug, info, warn, error, off; got 'loud'"],
      [{ filter: 'till:loud' }, "log.filter: 'till:loud' is not understood"],
      [{ filter: 7 }, 'log.filter: must be a text'],
      [{ logger: {} }, 'log.logger: must have the method trace'],
      [{ logger: null }, 'log.logger']
    ]
    return Promise.all(wrong.map(async ([log, text]) => {
      const outcome = await inCompany(async () => {}, { log: log as LogOptions })().catch((error: unknown) => error)
      expect(outcome).to.be.instanceOf(TypeError).with.property('message').that.includes(text)
    }))
  })
})

describe('LogFilter', () => {
  const levelAt = (text: string, path: string): string | undefined => {
    const filter = new LogFilter(text, 'warn')
    return (['trace', 'debug', 'info', 'warn', 'error'] as const).find(level => rankOf(level) === filter.rankAt(path)) ?? 'off'
  }

  it('reads the grammar', () => {
    const cases: ReadonlyArray<readonly [string, string, string]> = [
      ['', '/node', 'warn'],
      ['info', '/node/dialer', 'info'],
      ['INFO , ', '/node/dialer', 'info'],
      ['dialer:debug', '/node/network/dialer', 'debug'],
      ['dialer:debug', '/node/network/dialer/7/2', 'debug'],
      ['dialer:debug', '/node/network/dialers', 'warn'],
      ['connections/17:trace,info', '/node/connections/17/upgrade', 'trace'],
      ['connections/17:trace,info', '/node/connections/170', 'info'],
      ['connections/17:trace,info', '/node/connections', 'info'],
      ['connections/*/upgrade:debug', '/node/connections/5/upgrade', 'debug'],
      ['connections/*/upgrade:debug', '/node/connections/5/streams', 'warn'],
      ['/node/network:debug', '/node/network/swarm', 'debug'],
      ['/network:debug', '/node/network', 'warn'],
      ['a:off', '/node/a', 'off'],
      ['off,a:info', '/node/b', 'off'],
      ['a:debug,a/b:error', '/node/a/b', 'error'],
      ['a/b:error,a:debug', '/node/a/b', 'debug'],
      // Names may hold colons.
      ['peer:7:debug', '/node/peer:7', 'debug']
    ]
    for (const [text, path, level] of cases) expect(levelAt(text, path), `${text} at ${path}`).to.equal(level)
  })

  it('keeps what it does not understand', () => {
    expect(new LogFilter('a:loud,:info,a b:info,//:info,a//b:info,dialer,info,a:info:', 'warn').bad)
      .to.deep.equal(['a:loud', ':info', 'a b:info', '//:info', 'a//b:info', 'dialer', 'a:info:'])
  })

  it('knows whether anybody may log at a level', () => {
    const filter = new LogFilter('a:debug,error', 'warn')
    expect(['trace', 'debug', 'info', 'error'].map(level => filter.mayLog(level as 'trace'))).to.deep.equal([false, true, true, true])
    expect(new LogFilter('off', 'warn').mayLog('error')).to.equal(false)
  })
})
