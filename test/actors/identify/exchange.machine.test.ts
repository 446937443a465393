import { expect } from 'chai'
import { exchangeEffects, exchangeMachine } from '../../../src/actors/identify/exchange.machine.js'
import type { IdentifyExchangeInput, IdentifyExchangeMessage } from '../../../src/messages/identify.js'
import { compile, type CompiledState } from '../../../src/runtime/behavior/compile.js'
import { Out } from '../../../src/runtime/behavior/out.js'

const input = { kind: 'identify' } as IdentifyExchangeInput
const failure = { code: 'stream/reset' } as const
const messages = {
  'stream.opened': { type: 'stream.opened', id: 'identify', handle: {} },
  'stream.failed': { type: 'stream.failed', id: 'identify', failure },
  'exchange.read': { type: 'exchange.read', result: {} },
  'exchange.sent': { type: 'exchange.sent' },
  'exchange.failed': { type: 'exchange.failed', failure },
  'exchange.timeout': { type: 'exchange.timeout' }
} as unknown as Readonly<Record<IdentifyExchangeMessage['type'], IdentifyExchangeMessage>>

const done: string[] = []
const note = (name: string) => (): void => { done.push(name) }
const handlers = { open: note('open'), transfer: note('transfer'), succeed: note('succeed'), fail: note('fail') }
const machine = compile(exchangeMachine, exchangeEffects, handlers)

/** Where these messages lead, with the effects of the last. */
function after (...types: ReadonlyArray<IdentifyExchangeMessage['type']>): string {
  const out = new Out()
  out.begin(handlers)
  let state: CompiledState<IdentifyExchangeInput> = machine.initial(input, out)
  for (const type of types) {
    out.discard()
    state = machine.step(state, messages[type], out)
  }
  done.length = 0
  out.commit(undefined as never)
  return [state.row.key, ...done].join(' ')
}

describe('identify, an exchange as a machine', () => {
  it('begins by asking for a stream', () => {
    expect(after()).to.equal('opening open')
  })

  it('goes as its table says', () => {
    const table: Readonly<Record<string, Readonly<Record<IdentifyExchangeMessage['type'], string>>>> = {
      opening: {
        'stream.opened': 'transferring transfer',
        'stream.failed': 'failed fail',
        'exchange.read': 'opening',
        'exchange.sent': 'opening',
        'exchange.failed': 'opening',
        'exchange.timeout': 'failed fail'
      },
      transferring: {
        // Of the connection that has ended: the stream has failed with it.
        'stream.opened': 'transferring',
        'stream.failed': 'transferring',
        'exchange.read': 'done succeed',
        'exchange.sent': 'done',
        'exchange.failed': 'failed fail',
        'exchange.timeout': 'failed fail'
      }
    }
    for (const [state, row] of Object.entries(table)) {
      const way: readonly IdentifyExchangeMessage['type'][] = state === 'opening' ? [] : ['stream.opened']
      for (const [type, outcome] of Object.entries(row)) expect(after(...way, type as IdentifyExchangeMessage['type']), `${state} ${type}`).to.equal(outcome)
    }
  })
})
