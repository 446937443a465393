/**
 * Describes a protocol of one's own (design 1.13).
 *
 *     const echo = protocol('/echo/1.0.0', async stream => { for await (const bytes of stream) await stream.write(bytes) })
 */
import { checkProtocolId } from '../../messages/value/protocol-id.js'
import type { HandlerInput, InboundHandler, Protocol, ProtocolBehavior, ProtocolLimits, ProtocolMessage } from '../contract/protocol.js'
import type { ServiceContext } from '../contract/service.js'

/** `M` and `S` are what the behaviours for streams and for the service are told; nobody else needs to know. */
export interface ProtocolOptions<M extends ProtocolMessage = ProtocolMessage, S extends ProtocolMessage = ProtocolMessage> {
  readonly limits?: Partial<ProtocolLimits>
  /** Takes care of one inbound stream. This or `behavior`. */
  readonly inbound?: InboundHandler
  /** An actor for each inbound stream. This or `inbound`. */
  readonly behavior?: ProtocolBehavior<M, HandlerInput>
  /** Runs beside the streams as `/node/protocols/<name>`; its name is that of the behaviour, unless it is given. */
  readonly service?: ProtocolBehavior<S, ServiceContext> | { readonly name: string, readonly behavior: ProtocolBehavior<S, ServiceContext> }
  /** May run over a connection that a relay limits. Default false: such connections carry so little that only those should who know. */
  readonly onLimitedConnection?: boolean
}

export const protocolLimitDefaults: ProtocolLimits = {
  // A request protocol of honest peers needs a few streams at a time; each costs some kilobytes and what its handler holds.
  inbound: 32,
  inboundPerPeer: 32,
  inboundTotal: Infinity,
  inboundPerSecond: Infinity,
  inboundBurst: 64,
  // Many protocols are silent by nature.
  idleMs: 0,
  // A remote that is done ends its side within a round trip; five seconds are the worst path there is.
  drainMs: 5000
}

/**
 * @param ids one id or several, in order of preference; the first is its name
 * @param options a function alone is `inbound`
 * @throws TypeError that tells all that is wrong with the arguments
 */
export function protocol<M extends ProtocolMessage = ProtocolMessage, S extends ProtocolMessage = ProtocolMessage> (ids: string | readonly string[], options: ProtocolOptions<M, S> | InboundHandler): Protocol {
  const list: readonly string[] = typeof ids === 'string' ? [ids] : Array.isArray(ids) ? [...ids as readonly string[]] : []
  // What their actors are told was checked by the compiler, here; from now on it is their own business.
  const all = (typeof options === 'function' ? { inbound: options } : options) as unknown as ProtocolOptions
  const problems = [...problemsOfIds(list), ...problemsOf(all)]
  if (problems.length > 0) throw new TypeError(`protocol: ${problems.join('; ')}`)
  const { behavior, inbound, limits = {}, onLimitedConnection = false, service } = all
  return Object.freeze({
    ids: Object.freeze(list),
    limits: Object.freeze({ ...protocolLimitDefaults, ...limits.inbound !== undefined && { inboundPerPeer: limits.inbound }, ...withoutUndefined(limits) }),
    onLimitedConnection,
    inbound,
    behavior,
    service: service === undefined ? undefined : 'behavior' in service ? service : { name: service.name, behavior: service }
  })
}

/** What was said. */
function withoutUndefined (limits: Partial<ProtocolLimits>): Partial<ProtocolLimits> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => (value as number | undefined) !== undefined))
}

/** What `protocol` makes, or has the same shape. @throws TypeError that tells all that is wrong with it */
export function checkProtocol (where: string, value: Protocol): void {
  if (!isObject(value)) throw new TypeError(`${where}: argument 'protocol' must be a protocol, as \`protocol(id, ...)\` makes it; got ${describe(value)}`)
  const { behavior, ids, inbound, limits, onLimitedConnection, service } = value
  const options = { limits, onLimitedConnection, ...inbound !== undefined && { inbound }, ...behavior !== undefined && { behavior }, ...service !== undefined && { service } }
  const problems = [...problemsOfIds(Array.isArray(ids) ? ids : []), ...problemsOf(options)]
  if (!isObject(limits) || limitNames.some(name => !(name in limits))) problems.push('limits: must have all limits')
  if (problems.length > 0) throw new TypeError(`${where}: ${problems.join('; ')}`)
}

function problemsOfIds (ids: readonly string[]): string[] {
  if (ids.length === 0) return ['ids: at least one protocol id is needed']
  const problems: string[] = []
  ids.forEach((id, i) => {
    try {
      checkProtocolId(ids.length === 1 ? 'id' : `ids[${i}]`, id)
    } catch (error) {
      problems.push((error as Error).message)
    }
    if (ids.indexOf(id) !== i) problems.push(`ids[${i}]: ${JSON.stringify(id)} is there twice`)
  })
  return problems
}

const optionNames = Object.keys({
  limits: true, inbound: true, behavior: true, service: true, onLimitedConnection: true
} satisfies Record<keyof ProtocolOptions, true>)

const limitNames = Object.keys(protocolLimitDefaults)

/** Milliseconds of a timer; beyond this Node would fire it at once. */
const longestMs = 0x7fff_ffff

function problemsOf (options: ProtocolOptions): string[] {
  if (!isObject(options)) return ['options: must be an object, or the function that handles inbound streams']
  const problems = unknown('option', options, optionNames)
  const { behavior, inbound, limits, onLimitedConnection, service } = options
  if (inbound !== undefined && typeof inbound !== 'function') problems.push(`inbound: must be a function; got ${typeof inbound}`)
  if (behavior !== undefined && !isBehavior(behavior)) problems.push('behavior: must be a behaviour')
  if ((inbound === undefined) === (behavior === undefined)) problems.push("either 'inbound' or 'behavior' says what becomes of an inbound stream, and not both")
  if (onLimitedConnection !== undefined && typeof onLimitedConnection !== 'boolean') problems.push('onLimitedConnection: must be true or false')
  if (service !== undefined) problems.push(...problemsOfService(service))
  if (limits === undefined) return problems
  if (!isObject(limits)) return [...problems, 'limits: must be an object']
  problems.push(...unknown('limit', limits, limitNames))
  for (const name of ['inbound', 'inboundPerPeer', 'inboundTotal', 'inboundPerSecond', 'inboundBurst'] as const) {
    const value: unknown = limits[name]
    if (value !== undefined && !(Number.isSafeInteger(value) && (value as number) >= 0) && value !== Infinity) problems.push(`limits.${name}: must be a whole number, zero or more, or Infinity; got ${describe(value)}`)
  }
  for (const name of ['idleMs', 'drainMs'] as const) {
    const value: unknown = limits[name]
    if (value !== undefined && !(typeof value === 'number' && value >= 0 && value <= longestMs)) problems.push(`limits.${name}: must be milliseconds, from zero to ${longestMs}; got ${describe(value)}`)
  }
  return problems
}

function problemsOfService (service: NonNullable<ProtocolOptions['service']>): string[] {
  if (!isObject(service)) return ['service: must be a behaviour, or a name and a behaviour']
  const [name, behavior] = 'behavior' in service ? [service.name, service.behavior] : [(service as { readonly name: unknown }).name, service]
  const problems: string[] = []
  if (!isBehavior(behavior)) problems.push('service: must be a behaviour, or a name and a behaviour')
  if (typeof name !== 'string' || !serviceName.test(name)) problems.push(`service.name: must begin with a letter and have letters, digits, '-', '_' and '.' only; got ${JSON.stringify(name)}`)
  return problems
}

/** It becomes part of a path. */
const serviceName = /^[A-Za-z][\w.-]*$/

function unknown (what: string, given: object, known: readonly string[]): string[] {
  return Object.keys(given).filter(name => !known.includes(name)).map(name => `unknown ${what} '${name}'; known are ${known.join(', ')}`)
}

function describe (value: unknown): string {
  return typeof value === 'number' ? String(value) : typeof value
}

function isObject (value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function isBehavior (value: unknown): boolean {
  return isObject(value) && typeof (value as { readonly step?: unknown }).step === 'function' && typeof (value as { readonly initial?: unknown }).initial === 'function'
}
