/**
 * The dialer: joins those who want the same peer into one dial, and keeps each one's deadline (design 1.15). A registry of
 * waiters, so a reducer; the dial is the actor with a lifecycle.
 *
 * Invariants: each waiter gets one answer, by its deadline; a dial lives as long as somebody waits for it; nobody's leaving
 * changes anything for another.
 *
 * The tables of the state are changed in place; a step that throws takes them down with its actor.
 */
import type { DialerMessage, DialMessage, DialOutcome } from '../../messages/dial.js'
import type { ErrorCode } from '../../messages/errors.js'
import type { Failure } from '../../messages/failure.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import type { Behavior } from '../../runtime/behavior/behavior.js'
import type { Out } from '../../runtime/behavior/out.js'
import { reducer } from '../../runtime/behavior/reducer.js'
import type { Exit } from '../../runtime/exit.js'
import type { ActorRef, ReplyTo } from '../../runtime/ref.js'
import { dialBehavior, type DialTools } from './dial.actor.js'
import { AddressBackoff, type BackoffOptions } from './backoff.core.js'
import { exhausted, undialable } from './dial.core.js'
import type { DialStart } from './dial.machine.js'
import { dialDelayDefaults, rank, type DialDelays, type RankOptions } from './rank.core.js'
import { DialSlots, slotDefaults, type SlotLimits } from './slots.core.js'

export interface DialerOptions extends SlotLimits {
  /**
   * Time for one address, its upgrade included, in milliseconds. Default 10,000: several repetitions of a lost first packet,
   * and two of three addresses within a dial of 30 s. Limits: an address that swallows everything.
   */
  readonly addressTimeoutMs: number
  /** How far attempts are apart. */
  readonly delays: Partial<DialDelays>
  /** How long an address is left alone that has led nowhere. `firstMs: 0`: not at all. */
  readonly backoff: Partial<BackoffOptions>
  /** Addresses tried for each who asks. Default 25, as js. Limits: a record with hundreds of addresses, which would make us attack whoever lives there. */
  readonly addresses: number
  /** Dials under way at a time. Default 1,024: most of them wait for a slot. Limits: a protocol that dials whatever it is told. */
  readonly dials: number
  /** Waiters in all. Default 8,192. Limits: as `dials`, for one peer. */
  readonly waiters: number
}

export const dialerDefaults: DialerOptions = { addressTimeoutMs: 10_000, addresses: 25, dials: 1024, waiters: 8192, delays: {}, backoff: {}, ...slotDefaults }

export interface DialerInput extends Omit<DialTools, 'addressTimeoutMs' | 'backoff' | 'slots'> {
  /** IP addresses of this machine, as of now. */
  readonly interfaces: () => readonly string[]
  readonly options?: Partial<DialerOptions>
}

interface Dialer {
  readonly input: DialerInput
  readonly options: DialerOptions
  /** By id. */
  readonly dials: Map<string, Dial>
  /** The dial that others may join, by whom it is for. */
  readonly keys: Map<string, Dial>
  readonly waiters: Map<string, Waiter>
  readonly backoff: AddressBackoff
  readonly slots: DialSlots
  /** The addresses of this machine, and when they were asked for. */
  held: { readonly addresses: readonly string[], readonly atMs: number }
  nextDial: number
  /** How dials behave; set at the start, when the dialer knows its own address. */
  behavior: Behavior<DialMessage, DialStart> | undefined
}

interface Dial {
  readonly id: string
  readonly key: string
  readonly waiters: Set<string>
  readonly failures: Failure[]
  /** Waiters whose addresses it was sent. */
  batches: number
  /** Set when it has been spawned. */
  ref: ActorRef<DialMessage> | undefined
}

interface Waiter {
  readonly dial: Dial
  readonly replyTo: ReplyTo<DialOutcome>
}

interface DialerEffects {
  begin: Dialer
  start: { readonly dialer: Dialer, readonly dial: Dial, readonly start: Pick<DialStart, 'addresses' | 'ignoreBackoff' | 'peer'> }
  also: { readonly dial: Dial, readonly addresses: readonly Multiaddr[], readonly ignoreBackoff: boolean }
  end: { readonly dial: Dial, readonly code: ErrorCode }
  expect: { readonly id: string, readonly deadline: number }
}

type DialerOut = Out<DialerEffects>

export const dialer: Behavior<DialerMessage, DialerInput, Dialer> = reducer({
  name: 'dialer',
  // All waiters that there may be can come in one turn, and go again.
  mailboxCapacity: 16_384,
  initial (input: DialerInput, out: DialerOut): Dialer {
    const options = { ...dialerDefaults, ...input.options }
    const dialer: Dialer = {
      input,
      options,
      dials: new Map(),
      keys: new Map(),
      waiters: new Map(),
      backoff: new AddressBackoff(options.backoff),
      slots: new DialSlots(options),
      held: { addresses: [], atMs: -Infinity },
      nextDial: 1,
      behavior: undefined
    }
    out.do('begin', dialer)
    return dialer
  },
  step (dialer, message: DialerMessage, out: DialerOut): Dialer {
    const { dials, waiters } = dialer
    switch (message.type) {
      case 'dial.start':
        start(dialer, message, out)
        return dialer
      case 'dial.cancel':
        leave(dialer, message.id, 'user/aborted', out)
        return dialer
      case 'dial.waiter-timeout': {
        const waiter = waiters.get(message.id)
        if (waiter === undefined) return dialer
        const { failures } = waiter.dial
        answer(waiter, { type: 'dial.failed', id: message.id, failure: { code: 'dial/timeout', ...failures.length > 0 && { causes: [...failures] } } }, out)
        leave(dialer, message.id, 'dial/timeout', out)
        return dialer
      }
      case 'dial.address-failed':
        dials.get(message.dial)?.failures.push(message.failure)
        return dialer
      case 'dial.succeeded': {
        const { connection, info } = message
        finish(dialer, dials.get(message.dial), id => ({ type: 'dial.done', id, connection, info }), out)
        return dialer
      }
      case 'dial.exhausted': {
        const dial = dials.get(message.dial)
        // Somebody has joined meanwhile, and his addresses are on their way to it.
        if (dial === undefined || message.batches < dial.batches) return dialer
        const failure = exhausted(dial.failures, message.untried)
        finish(dialer, dial, id => ({ type: 'dial.failed', id, failure }), out)
        out.do('end', { dial, code: failure.code })
        return dialer
      }
      case 'dial.down': {
        const failure: Failure = { code: 'actor/down', detail: endText(message.down.exit), path: message.down.path }
        finish(dialer, dials.get(message.dial), id => ({ type: 'dial.failed', id, failure }), out)
        return dialer
      }
    }
  },
  effects: {
    begin (actor, dialer) {
      const { backoff, input, options: { addressTimeoutMs }, slots } = dialer
      dialer.behavior = dialBehavior(actor.self, { ...input, addressTimeoutMs, backoff, slots })
    },
    start (actor, { dialer, dial, start }) {
      const { behavior, input: { interfaces, transports }, options } = dialer
      if (behavior === undefined) return
      const now = actor.now()
      if (now - dialer.held.atMs >= heldMs) dialer.held = { addresses: interfaces(), atMs: now }
      const rules: RankOptions = { delays: { ...dialDelayDefaults, ...options.delays }, held: dialer.held.addresses }
      try {
        const ref = actor.spawn(behavior, { input: { ...start, dial: dial.id, transports, mostAddresses: options.addresses, rank: addresses => rank(addresses, rules) } })
        dial.ref = ref
        actor.watch(ref, down => ({ type: 'dial.down', dial: dial.id, down }))
      } catch (error) {
        // An account has refused: this dial's bad luck, and nobody's crash.
        actor.self.tell({ type: 'dial.down', dial: dial.id, down: { path: `${actor.path}/${dial.id}`, exit: { kind: 'start-failed', error } } })
      }
    },
    also (_, { dial, addresses, ignoreBackoff }) {
      dial.ref?.tell({ type: 'dial.also', addresses, ignoreBackoff })
    },
    end (actor, { code, dial: { ref } }) {
      // What its waiters were told is what `why` tells.
      if (ref !== undefined) actor.stop(ref, { reason: code })
    },
    expect (actor, { id, deadline }) {
      actor.timer(timerOf(id), Math.max(0, deadline - actor.now()), { type: 'dial.waiter-timeout', id })
    }
  },
  describe: ({ backoff, dials, slots, waiters }) => ({ dials: dials.size, waiters: waiters.size, backedOff: backoff.size, slots: slots.use })
})

/** To ask the system costs as much as two key agreements; an interface that comes or goes may be noticed a second late. */
const heldMs = 1000

const timerOf = (id: string): string => `waiter ${id}`

function start (dialer: Dialer, { id, peer: asked, addresses, deadline, ignoreBackoff = false, replyTo }: Extract<DialerMessage, { type: 'dial.start' }>, out: DialerOut): void {
  const { dials, keys, waiters, input, options } = dialer
  const refuse = (failure: Failure): void => { out.tell(replyTo, { type: 'dial.failed', id, failure }) }
  if (addresses.length === 0) return refuse({ code: 'dial/no-addresses' })
  if (undialable(input.transports, addresses)) {
    return refuse({ code: 'dial/no-transport', detail: addresses.slice(0, options.addresses).map(String).join(', ') })
  }
  const peer = asked ?? commonPeer(addresses)
  const key = peer?.toString() ?? addresses.map(String).sort().join(' ')
  let dial = keys.get(key)
  if (waiters.size >= options.waiters) return refuse({ code: 'dial/too-many', detail: `limit 'waiters' of ${options.waiters}` })
  if (dial !== undefined) {
    dial.batches++
    out.do('also', { dial, addresses, ignoreBackoff })
  } else {
    if (dials.size >= options.dials) return refuse({ code: 'dial/too-many', detail: `limit 'dials' of ${options.dials}` })
    dial = { id: String(dialer.nextDial++), key, waiters: new Set(), failures: [], batches: 1, ref: undefined }
    dials.set(dial.id, dial)
    keys.set(key, dial)
    out.do('start', { dialer, dial, start: { addresses, ignoreBackoff, peer } })
  }
  dial.waiters.add(id)
  waiters.set(id, { dial, replyTo })
  out.do('expect', { id, deadline })
}

/** Whom all addresses name. */
function commonPeer (addresses: readonly Multiaddr[]): PeerId | undefined {
  const peer = addresses[0]?.peerId
  return peer !== undefined && addresses.every(address => address.peerId?.equals(peer)) ? peer : undefined
}

function answer ({ replyTo }: Waiter, outcome: DialOutcome, out: DialerOut): void {
  out.tell(replyTo, outcome)
}

/** The waiter waits no more. A dial for which nobody waits is ended. */
function leave (dialer: Dialer, id: string, code: ErrorCode, out: DialerOut): void {
  const waiter = dialer.waiters.get(id)
  if (waiter === undefined) return
  const { dial } = waiter
  dialer.waiters.delete(id)
  dial.waiters.delete(id)
  out.cancel(timerOf(id))
  if (dial.waiters.size > 0) return
  forget(dialer, dial)
  out.do('end', { dial, code })
}

/** The dial is over, and all who wait for it hear how it went. */
function finish (dialer: Dialer, dial: Dial | undefined, outcome: (id: string) => DialOutcome, out: DialerOut): void {
  if (dial === undefined) return
  forget(dialer, dial)
  for (const id of dial.waiters) {
    const waiter = dialer.waiters.get(id)
    dialer.waiters.delete(id)
    out.cancel(timerOf(id))
    if (waiter !== undefined) answer(waiter, outcome(id), out)
  }
}

function forget ({ dials, keys }: Dialer, dial: Dial): void {
  dials.delete(dial.id)
  if (keys.get(dial.key) === dial) keys.delete(dial.key)
}

function endText (exit: Exit): string {
  return 'error' in exit && exit.error instanceof Error ? `the dial ${exit.kind}: ${exit.error.message}` : `the dial ${exit.kind}`
}
