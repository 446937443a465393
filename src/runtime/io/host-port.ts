import { flat } from '../flat.js'

/** `10.0.0.1:4001`, `[::1]:4001`, `alice:4001`. */
export interface HostPort {
  /** Without brackets. */
  readonly host: string
  readonly port: number
}

/** @throws TypeError */
export function parseAddress (where: string, address: string): HostPort {
  const parts = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(address)
  const port = Number(parts?.[3])
  if (parts === null || port > 65_535) throw new TypeError(`${where}: argument 'address' must be host:port; got '${address}'`)
  return { host: parts[1] ?? parts[2]!, port }
}

export function formatAddress (host: string, port: number): string {
  return flat(host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)
}
