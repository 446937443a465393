/**
 * Observables of rxjs for whoever watches a system, and the only file that loads rxjs: when the first one is asked for,
 * because loading it takes a tenth of a second.
 *
 * They are isolated: a subscriber that throws is unsubscribed and reported, and nobody else notices. (By itself rxjs throws
 * such an error anew from a timer, which ends the process.) This holds for observables made from these by operators too,
 * and a throw in an operator counts as the subscriber's unless that handles errors. It ends where they enter an observable
 * made elsewhere, as with `merge`.
 *
 * Subscribers are called in the reporter's stack, while an actor is about to take its step: they must be quick.
 */
import { createRequire } from 'node:module'
import type * as Rxjs from 'rxjs'
import type { Observable, Observer, Subscriber, Subscription, TeardownLogic } from 'rxjs'

const require = createRequire(import.meta.url)

/** What the source of an observable tells its one subscriber. */
export type Sink<T> = Pick<Observer<T>, 'next' | 'complete'>

/** Hears of a subscriber that was removed, with what it threw. */
export type Removed = (error: unknown) => void

type Consumer<T> = Partial<Observer<T>>
type Next<T> = Consumer<T> | ((value: T) => void) | null

interface Internals {
  source: unknown
  operator: unknown
}

/** An observable that runs `start` for each subscriber; `start` returns how to stop. */
export function observable<T> (start: (sink: Sink<T>) => () => void, removed: Removed): Observable<T> {
  return new (load())<T>(start, removed)
}

type IsolatedClass = new <T>(start: ((subscriber: Subscriber<T>) => TeardownLogic) | undefined, removed: Removed) => Observable<T>

let isolated: IsolatedClass | undefined

function load (): IsolatedClass {
  if (isolated !== undefined) return isolated
  const rxjs = require('rxjs') as typeof Rxjs

  isolated = class Isolated<T> extends rxjs.Observable<T> {
    private readonly removed: Removed

    constructor (start: ((subscriber: Subscriber<T>) => TeardownLogic) | undefined, removed: Removed) {
      super(start)
      this.removed = removed
    }

    /** How every operator makes its observable: so those are isolated as well. */
    override lift<R> (operator?: unknown): Observable<R> {
      const lifted = new Isolated<R>(undefined, this.removed)
      const internals = lifted as unknown as Internals
      internals.source = this
      internals.operator = operator
      return lifted
    }

    override subscribe (next?: Next<T>, error?: ((error: unknown) => void) | null, complete?: (() => void) | null): Subscription {
      // An operator's own subscriber hands errors on to the end of the chain, which is isolated.
      if (isSubscriber(next)) return super.subscribe(next)
      const consumer: Consumer<T> = typeof next === 'object' ? next ?? {} : { ...next && { next }, ...error && { error }, ...complete && { complete } }
      const { removed } = this
      // It may throw at a value that comes before there is a subscription.
      const end = new rxjs.Subscription()
      const remove = (thrown: unknown): void => {
        if (end.closed) return
        end.unsubscribe()
        removed(thrown)
      }
      const subscription = super.subscribe({
        next (value) {
          if (end.closed) return
          try {
            consumer.next?.(value)
          } catch (thrown) {
            remove(thrown)
          }
        },
        error (thrown: unknown) {
          if (consumer.error === undefined) {
            remove(thrown)
            return
          }
          try {
            consumer.error(thrown)
          } catch (late) {
            remove(late)
          }
        },
        complete () {
          try {
            consumer.complete?.()
          } catch (thrown) {
            remove(thrown)
          }
        }
      })
      end.add(subscription)
      return subscription
    }
  }
  return isolated
}

/** By shape, as rxjs does itself: it may come from another copy of rxjs. */
function isSubscriber<T> (next: Next<T> | undefined): next is Subscriber<T> {
  if (typeof next !== 'object' || next === null) return false
  const { next: take, add, unsubscribe } = next as Partial<Subscriber<T>>
  return typeof take === 'function' && typeof add === 'function' && typeof unsubscribe === 'function'
}
