import type { Rule } from './check.js'
import { longestFile } from './rules.js'

/** Path -> text. */
export type Files = Readonly<Record<string, string>>

/** Rule -> what is done -> sources that break that rule, once, and no other. */
export const breaches: Readonly<Record<Rule, Readonly<Record<string, Files>>>> = {
  'import': {
    'the kernel reaching for the network': { 'src/runtime/cell.ts': "import type { Link } from '../actors/contract/link.js'" },
    'a Node built-in outside io': { 'src/runtime/cell.ts': "import { connect } from 'node:net'" },
    'a built-in without node:': { 'src/runtime/io/tcp.ts': "import { connect } from 'net'" },
    'xstate outside its driver': { 'src/runtime/cell.ts': "import { setup } from 'xstate'" },
    'xstate, even for types, in effects': { 'src/runtime/behavior/effects.ts': "import type { ActorLogic } from 'xstate'" },
    'xstate values in the compiler': { 'src/runtime/behavior/compile.ts': "import { setup } from 'xstate'" },
    'an inline type, which still loads the module': { 'src/runtime/behavior/compile.ts': "import { type ActorLogic } from 'xstate'" },
    'rxjs outside inspect': { 'src/runtime/system.ts': "import { Observable } from 'rxjs'" },
    'a package that no line names': { 'src/runtime/inspect/trace.ts': "import { pino } from 'pino'" },
    'a package whose name begins alike': { 'src/runtime/inspect/trace.ts': "import { a } from 'rxjs-extras'" },
    'a codec that runs the kernel': { 'src/messages/wire/noise.ts': "import { spawn } from '../../runtime/cell.js'" },
    'a message that knows an actor': { 'src/messages/dial.ts': "import type { Dial } from '../actors/dialer/dial.actor.js'" },
    'one actor folder using the code of another': { 'src/actors/dialer/dialer.actor.ts': "import { pool } from '../swarm/pool.js'" },
    'a core that knows the kernel': { 'src/actors/dht/query.core.ts': "import type { ActorRef } from '../../runtime/ref.js'" },
    'a core that reaches for its actor': { 'src/actors/dht/query.core.ts': "import { a } from './query.actor.js'" },
    'a machine with message values': { 'src/actors/dialer/dial.machine.ts': "import { codes } from '../../messages/errors.js'" },
    'a machine that spawns': { 'src/actors/dialer/dial.machine.ts': "import { setup, spawnChild } from 'xstate'" },
    'a machine that takes all of xstate': { 'src/actors/dialer/dial.machine.ts': "import * as xstate from 'xstate'" },
    'a port with an unlisted library': { 'src/actors/discovery/mdns/mdns.port.ts': "import mdns from 'multicast-dns'" },
    'a contract that brings values along': { 'src/actors/contract/link.ts': "import { PeerId } from '../../messages/value/peer-id.js'" },
    'the command line behind the front door': { 'src/cli/main.ts': "import { createSystem } from '../runtime/system.js'" },
    'a front door used from inside': { 'src/runtime/system.ts': "import { a } from '../runtime.js'" },
    'a front door used by the package name': { 'src/actors/node/node.actor.ts': "import { a } from 'troupe/runtime'" },
    'a re-export': { 'src/runtime/cell.ts': "export { Observable } from 'rxjs'" },
    'a lazy import': { 'src/runtime/cell.ts': "export const load = () => import('rxjs')" },
    'an import inside a type': { 'src/runtime/cell.ts': "export type A = import('rxjs').Observable<number>" },
    'a require': { 'src/messages/value/keys.ts': "export const a = require('node:fs')" },
    'an import by a computed name': { 'src/runtime/io/tcp.ts': 'export const load = (name: string) => import(name)' }
  },
  'cycle': {
    'two files': { 'src/runtime/a.ts': "import { b } from './b.js'", 'src/runtime/b.ts': "import { a } from './a.js'" },
    'a file with itself': { 'src/runtime/a.ts': "export * from './a.js'" },
    'three files, one of them lazy': {
      'src/runtime/a.ts': "import { b } from './b.js'",
      'src/runtime/b.ts': "import { c } from './time/c.js'",
      'src/runtime/time/c.ts': "export const load = () => import('../a.js')"
    },
    'an inline type, which still loads the module': {
      'src/runtime/a.ts': "import { type B } from './b.js'",
      'src/runtime/b.ts': "import { a } from './a.js'"
    }
  },
  'guarded-name': {
    'a timer': { 'src/runtime/cell.ts': 'setTimeout(() => {}, 1)' },
    'the date': { 'src/messages/dial.ts': 'export const at = new Date()' },
    'the date, as a base': { 'src/messages/dial.ts': 'export class Later extends Date {}' },
    'chance': { 'src/actors/dht/query.core.ts': 'export const a = Math.random()' },
    'chance where only time is allowed': { 'src/runtime/time/clock.ts': 'export const a = Math.random()' },
    'time where only chance is allowed': { 'src/runtime/random.ts': 'export const seed = performance.now()' },
    'a timer where only setImmediate is allowed': { 'src/runtime/sim/sim-world.ts': 'setTimeout(() => {}, 1)' },
    'a microtask': { 'src/runtime/cell.ts': 'queueMicrotask(() => {})' },
    'a tick': { 'src/runtime/cell.ts': 'process.nextTick(() => {})' },
    'a deadline from Node': { 'src/actors/dialer/dialer.actor.ts': 'export const a = AbortSignal.timeout(1)' },
    'mentioned, not called': { 'src/runtime/cell.ts': 'export const defaults = { now: performance.now }' },
    'as a short-hand property': { 'src/runtime/cell.ts': 'export const clock = { setTimeout }' },
    'through globalThis': { 'src/runtime/cell.ts': 'globalThis.setTimeout(() => {}, 1)' },
    'through globalThis, with a key': { 'src/runtime/cell.ts': "globalThis['Math']['random']()" },
    'through a cast': { 'src/runtime/cell.ts': '(globalThis as unknown as typeof globalThis)!.setImmediate(() => {})' },
    'taken apart': { 'src/runtime/cell.ts': 'const { random } = Math' },
    'taken apart, renamed': { 'src/runtime/cell.ts': 'const { random: dice } = Math' },
    'taken apart, two deep': { 'src/runtime/cell.ts': 'const { performance: { now } } = globalThis' },
    'what remains of taking apart': { 'src/runtime/cell.ts': 'const { PI, ...rest } = Math\nexport const a = rest.random()' },
    'under another name': { 'src/runtime/cell.ts': 'const m = Math\nexport const a = m.random()' },
    'under a name with a type': { 'src/runtime/cell.ts': 'const clock: { now (): number } = performance\nexport const a = clock.now()' },
    'passed on whole': { 'src/runtime/cell.ts': 'start(performance)' },
    'passed on whole, as a default': { 'src/runtime/cell.ts': 'export function start (clock = performance) { return clock }' },
    'with a computed key': { 'src/runtime/cell.ts': 'export const a = Math[key]' },
    'imported': { 'src/runtime/io/tcp.ts': "import { setTimeout } from 'node:timers/promises'" },
    'imported, renamed': { 'src/runtime/io/tcp.ts': "import { setTimeout as sleep } from 'node:timers'" },
    'imported, re-exported': { 'src/runtime/io/tcp.ts': "export { setTimeout as sleep } from 'node:timers'" },
    'imported with its module': { 'src/runtime/crypto/noble.ts': "import * as c from 'node:crypto'\nexport const a = c.randomBytes(1)" },
    'imported by default': { 'src/runtime/crypto/node.ts': "import c from 'node:crypto'\nexport const a = c.webcrypto.getRandomValues(b)" },
    'imported, an object that holds it': { 'src/runtime/io/tcp.ts': "import { performance as p } from 'node:perf_hooks'\nexport const a = p.now()" },
    'imported lazily': { 'src/runtime/crypto/noble.ts': "const { randomBytes } = await import('node:crypto')" },
    'a way round import lines': { 'src/runtime/random.ts': "export const fs = process.getBuiltinModule('node:fs')" }
  },
  'any': {
    'in a file that may not': { 'src/runtime/cell.ts': 'export function a (b: any) { return b }' },
    'deep in a type': { 'src/messages/dial.ts': 'export type A = ReadonlyMap<string, Array<any>>' },
    'as a cast': { 'src/runtime/cell.ts': 'export const a = b as any' }
  },
  'default-export': {
    'a function': { 'src/runtime/cell.ts': 'export default function cell () {}' },
    'a value': { 'src/runtime/cell.ts': 'const cell = 1\nexport default cell' },
    'a class': { 'src/runtime/cell.ts': 'export default class Cell {}' },
    'in a list': { 'src/runtime/cell.ts': 'const cell = 1\nexport { cell as default }' },
    'handed on': { 'src/runtime/cell.ts': "export { default } from './a.js'" }
  },
  'not-erasable': {
    'an enum': { 'src/messages/dial.ts': 'export enum Direction { Inbound, Outbound }' },
    'a constant enum': { 'src/messages/dial.ts': 'export const enum Direction { Inbound, Outbound }' },
    'a namespace': { 'src/messages/dial.ts': 'export namespace Dial { export const a = 1 }' }
  },
  'body': {
    'a front door that does something': { 'src/runtime.ts': "export * from './runtime/system.js'\nconsole.log('hello')" },
    'a front door that declares something': { 'src/index.ts': 'export const version = 1' },
    'a contract with a value': { 'src/actors/contract/link.ts': 'export const maximum = 1' }
  },
  'place': {
    'a stray file': { 'src/helpers.ts': '' },
    'a stray folder': { 'src/utils/a.ts': '' },
    'a stray kind of file': { 'src/runtime/page.html': '' }
  },
  'file-name': {
    'camel case': { 'src/runtime/simWorld.ts': '' },
    'snake case': { 'src/runtime/sim_world.ts': '' },
    'a folder': { 'src/runtime/simWorld/world.ts': '' }
  },
  'length': {
    'one line too many': { 'src/runtime/cell.ts': '//\n'.repeat(longestFile + 1) }
  }
}

/** Sources that look like breaches and are none. */
export const innocent: Readonly<Record<string, Files>> = {
  'comments, strings and templates': {
    'src/runtime/cell.ts': "// setTimeout, any, import 'rxjs'\nexport const a = 'Math.random() ' + `new Date() as any`"
  },
  'members of our own that are called like globals': {
    'src/runtime/cell.ts': 'export class A { Date = 1; setTimeout () { return this.Date } }\nexport const b = (clock: A) => clock.setTimeout()'
  },
  'parameters that are called like globals': {
    'src/runtime/cell.ts': 'export function a (setTimeout: () => void, crypto: Provider, { performance }: Ports) { setTimeout(); crypto.randomBytes(performance.now()) }'
  },
  'imports of ours that are called like globals': {
    'src/runtime/cell.ts': "import { performance } from './ports.js'\nexport const now = performance.now()"
  },
  'types of guarded things': {
    'src/runtime/cell.ts': 'export interface A extends Date { timer: ReturnType<typeof setTimeout> }\nexport class B implements Date {}'
  },
  'asking for a class': { 'src/runtime/cell.ts': "export const is = (a: unknown) => a instanceof AbortSignal && typeof performance === 'object'" },
  'other members of the same objects': { 'src/runtime/cell.ts': 'const { max } = Math\nexport const a = max(Math.min(1, 2), process.pid)' },
  'names that mean each other': { 'src/runtime/cell.ts': 'var a = b, b = a\nexport { a }' },
  'guarded names in their rooms': {
    'src/runtime/time/clock.ts': 'export const a = setTimeout(() => {}, performance.now() - Date.now())',
    'src/runtime/scheduler.ts': 'setImmediate(() => {})',
    'src/runtime/sim/sim-world.ts': 'setImmediate(() => {})',
    'src/runtime/random.ts': "import { randomBytes } from 'node:crypto'\nexport const a = randomBytes(4)",
    'src/cli/top.ts': 'setInterval(() => {}, new Date().getSeconds())'
  },
  'the one any': { 'src/runtime/behavior/machine.ts': "import { setup } from 'xstate'\nexport type A = any" },
  'a cycle of types': { 'src/runtime/a.ts': "import type { B } from './b.js'", 'src/runtime/b.ts': "import { a } from './a.js'" },
  'two ways to one file': {
    'src/runtime/a.ts': "import './b.js'\nimport './c.js'",
    'src/runtime/b.ts': "import './d.js'",
    'src/runtime/c.ts': "import './d.js'",
    'src/runtime/d.ts': ''
  },
  'default in a switch': { 'src/runtime/cell.ts': 'switch (a) { default: b() }' },
  'imports that the tables allow': {
    'src/index.ts': "export * from './runtime.js'",
    'src/runtime.ts': "export * from './runtime/system.js'\nexport type { Cell } from './runtime/cell.js'",
    'src/cli/main.ts': "import { a } from '../index.js'\nimport { parseArgs } from 'node:util'",
    'src/runtime/inspect/observe.ts': "import { map } from 'rxjs/operators'",
    'src/runtime/crypto/noble.ts': "import { x25519 } from '@noble/curves/ed25519.js'",
    'src/messages/wire/noise.ts': "import type { Random } from '../../runtime/random.js'\nimport { cursor } from '../../runtime/bytes/cursor.js'",
    'src/actors/contract/link.ts': "import type { PeerId } from '../../messages/value/peer-id.js'\nexport interface Link { readonly peer: PeerId }",
    'src/actors/dialer/dial.machine.ts': "import { setup, assign } from 'xstate'\nimport type { SnapshotFrom } from 'xstate'\nimport type { DialMessage } from '../../messages/dial.js'",
    'src/actors/dialer/dial.actor.ts': "import { machine } from './dial.machine.js'\nimport type { Link } from '../contract/link.js'",
    'src/actors/security/noise/noise.core.ts': "import { pattern } from './pattern.js'\nimport type { Provider } from '../../../runtime/crypto/provider.js'",
    'src/actors/node/compose.ts': "import { Observable } from 'rxjs'\nimport { dialer } from '../dialer/dial.actor.js'"
  }
}
