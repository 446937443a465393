/** What the upgrade does in each state with each message: the whole table, by the reference and by its compiled twin. */
import { expect } from 'chai'
import type { Link } from '../../../src/actors/contract/link.js'
import type { Secured } from '../../../src/actors/contract/security.js'
import { upgradeEffects, upgradeMachine, type UpgradeEffects } from '../../../src/actors/upgrade/upgrade.machine.js'
import type { UpgradeInput, UpgradeMessage } from '../../../src/messages/upgrade.js'
import type { Behavior } from '../../../src/runtime/behavior/behavior.js'
import { compiledBehavior } from '../../../src/runtime/behavior/compile.js'
import { machineBehavior } from '../../../src/runtime/behavior/machine.js'
import type { Handlers } from '../../../src/runtime/behavior/out.js'
import { note, start, step } from '../../runtime/behavior/fake-actor.js'

const handlers: Handlers<UpgradeEffects, UpgradeMessage> = {
  begin: () => { note('begin') },
  handshake: (_actor, { protocol }) => { note('handshake', protocol) },
  useWrapped: () => { note('useWrapped') },
  negotiateMuxer: () => { note('negotiateMuxer') },
  succeed: (_actor, { muxer, security }) => { note('succeed', security, muxer) },
  fail: (_actor, { failure }) => { note('fail', failure.code) }
}

const secured = (muxer: string | undefined): Secured => ({ muxer } as Secured)
const handle = {} as Link

const messages: Readonly<Record<string, UpgradeMessage>> = {
  'selected': { type: 'upgrade.selected', purpose: 'security', protocol: '/p' },
  'secured': { type: 'upgrade.secured', secured: secured(undefined) },
  'secured with a muxer': { type: 'upgrade.secured', secured: secured('/early') },
  'wrapped': { type: 'upgrade.wrapped', secured: secured(undefined), handle },
  'wrapped with a muxer': { type: 'upgrade.wrapped', secured: secured('/early'), handle },
  'broken': { type: 'upgrade.broken', failure: { code: 'upgrade/closed' } },
  'timeout': { type: 'upgrade.timeout' }
}

const ways: Readonly<Record<string, readonly string[]>> = {
  negotiatingSecurity: [],
  handshaking: ['selected'],
  negotiatingMuxer: ['selected', 'secured']
}

/** State and message -> next state and effects. What is not here is ignored: it cannot come, or comes late. */
const table = {
  'negotiatingSecurity selected': 'handshaking: handshake /p',
  'negotiatingSecurity broken': 'failed: fail upgrade/closed',
  'negotiatingSecurity timeout': 'failed: fail upgrade/timeout',
  'handshaking secured': 'negotiatingMuxer: negotiateMuxer',
  'handshaking secured with a muxer': 'done: succeed /p /early',
  'handshaking wrapped': 'negotiatingMuxer: useWrapped, negotiateMuxer',
  'handshaking wrapped with a muxer': 'done: useWrapped, succeed /p /early',
  'handshaking broken': 'failed: fail upgrade/closed',
  'handshaking timeout': 'failed: fail upgrade/timeout',
  'negotiatingMuxer selected': 'done: succeed /p /p',
  'negotiatingMuxer broken': 'failed: fail upgrade/closed',
  'negotiatingMuxer timeout': 'failed: fail upgrade/timeout'
}

describe('machine of the upgrade', () => {
  for (const driver of [machineBehavior, compiledBehavior] as const) {
    it(`does in each state what the table says, by ${driver.name}`, () => {
      // The states of the two are not alike, and nobody looks into them.
      const behavior = driver('upgrade', upgradeMachine, upgradeEffects, handlers) as Behavior<UpgradeMessage, UpgradeInput>
      expect(start(behavior, {} as UpgradeInput).calls).to.deep.equal([['begin']])
      const seen: Record<string, string> = {}
      for (const [name, way] of Object.entries(ways)) {
        for (const [what, message] of Object.entries(messages)) {
          let { state } = start(behavior, {} as UpgradeInput)
          for (const before of way) state = step(behavior, state, messages[before]!).state
          expect(behavior.describe(state)).to.equal(name)
          const outcome = step(behavior, state, message)
          const next = String(behavior.describe(outcome.state))
          expect(outcome.finished).to.equal(next === 'done' || next === 'failed')
          if (next !== name || outcome.calls.length > 0) seen[`${name} ${what}`] = `${next}: ${outcome.calls.map(call => call.join(' ')).join(', ')}`
        }
      }
      expect(seen).to.deep.equal(table)
    })
  }
})
