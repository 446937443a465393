import { checkNumber, checkOptions } from '../errors.js'
import type { Handles } from '../handles.js'
import type { DnsPort } from '../io/dns.js'
import { hashText, mix } from '../random.js'
import { SimEvent, type SimScheduler } from './sim-scheduler.js'

/** What is known of a name. */
export interface SimRecords {
  /** IPv4 addresses. */
  readonly a?: readonly string[]
  /** IPv6 addresses. */
  readonly aaaa?: readonly string[]
  readonly txt?: readonly string[]
  /** Code of the error that every question is answered with: `ESERVFAIL`, `EREFUSED`. */
  readonly failure?: string
  /** Nobody answers. Default false. */
  readonly silent?: boolean
  /** Until the answer comes. Default: that of the table. */
  readonly latencyMs?: number
}

type Kind = 'A' | 'AAAA' | 'TXT'

/**
 * The names of a simulated world: a table, and how long an answer takes. What is not in the table is a name of which there
 * is nothing.
 *
 *     const dns = new SimDns(world)
 *     dns.set('bootstrap.example.org', { a: ['10.0.0.7'] })
 *     spawn something with dns.port(system)
 */
export class SimDns {
  /** All questions so far, in order: `here TXT _dnsaddr.example.org`. */
  readonly questions: string[] = []
  private readonly scheduler: SimScheduler
  private readonly seed: number
  private readonly latencyMs: number
  private readonly table = new Map<string, SimRecords>()
  private readonly asked = new Map<string, number>()

  /** @param options.latencyMs default 20: a name server of the provider */
  constructor (world: { readonly scheduler: SimScheduler, readonly seed: number }, options: { readonly latencyMs?: number } = {}) {
    checkOptions('SimDns', options, ['latencyMs'])
    checkNumber('SimDns', 'latencyMs', options.latencyMs)
    this.scheduler = world.scheduler
    this.seed = world.seed
    this.latencyMs = options.latencyMs ?? 20
  }

  /** Replaces what was known of that name. Takes effect for questions that are asked from now on. */
  set (name: string, records: SimRecords): void {
    checkOptions('set', records, ['a', 'aaaa', 'txt', 'failure', 'silent', 'latencyMs'])
    checkNumber('set', 'latencyMs', records.latencyMs)
    this.table.set(canonical(name), records)
  }

  delete (name: string): void {
    this.table.delete(canonical(name))
  }

  port (system: { readonly name: string, readonly handles: Handles }): DnsPort {
    return {
      resolve4: async (name, signal) => this.ask(system, 'A', name, signal),
      resolve6: async (name, signal) => this.ask(system, 'AAAA', name, signal),
      resolveTxt: async (name, signal) => this.ask(system, 'TXT', name, signal)
    }
  }

  private async ask (system: { readonly name: string, readonly handles: Handles }, kind: Kind, name: string, signal: AbortSignal): Promise<readonly string[]> {
    signal.throwIfAborted()
    const { scheduler } = this
    const question = `${system.name} ${kind} ${canonical(name)}`
    this.questions.push(question)
    // Its chance follows from itself and from how often it was asked, and from nothing that others ask.
    const n = (this.asked.get(question) ?? 0) + 1
    this.asked.set(question, n)
    const path = `${question}#${n}`
    const records = this.table.get(canonical(name)) ?? {}
    return new Promise((resolve, reject) => {
      const event = new SimEvent({ path, hash: mix(this.seed, hashText(path)), draws: 0 }, () => {
        over()
        const { failure } = records
        if (failure === undefined) resolve(answerOf(kind, records))
        else reject(Object.assign(new Error(`${failure} ${name}`), { code: failure }))
      })
      const abort = (): void => {
        over()
        scheduler.cancel(event)
        reject(signal.reason as Error)
      }
      const over = (): void => {
        signal.removeEventListener('abort', abort)
        system.handles.closed(event)
      }
      signal.addEventListener('abort', abort, { once: true })
      system.handles.opened(event, `question ${path}`)
      if (records.silent !== true) scheduler.at(scheduler.now() + (records.latencyMs ?? this.latencyMs), event)
    })
  }
}

function answerOf (kind: Kind, { a = [], aaaa = [], txt = [] }: SimRecords): readonly string[] {
  return { A: a, AAAA: aaaa, TXT: txt }[kind]
}

/** Names are the same in any case, and with the dot of the root. */
function canonical (name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}
