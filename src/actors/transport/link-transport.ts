import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { Direction, Link, RawLink } from '../contract/link.js'
import type { LinkPort, Transport } from '../contract/transport.js'
import { dialFailure, listenFailure } from './link-failure.js'

/** How the addresses of a port are written as multiaddrs. */
export interface AddressForm {
  /** Of the transport: `tcp`. */
  readonly name: string
  /** For the port; undefined for addresses of other kinds. `address` is without a peer id. */
  toPort (address: Multiaddr, use: 'dial' | 'listen'): string | undefined
  fromPort (address: string): Multiaddr
  /** The addresses that one listens on by listening on this one. Default: itself. */
  expand? (address: string): readonly string[]
}

export interface LinkTransportOptions {
  readonly port: LinkPort
  /** The system's clock, by which deadlines are. */
  readonly now: () => number
}

/** A transport over a port of raw links. */
export function linkTransport (form: AddressForm, { port, now }: LinkTransportOptions): Transport {
  const { name } = form

  const toPort = (address: Multiaddr, use: 'dial' | 'listen'): string | undefined => {
    const bare = address.withoutPeer()
    return bare === undefined ? undefined : form.toPort(bare, use)
  }

  const mustBe = (address: Multiaddr, use: 'dial' | 'listen'): string => {
    const text = toPort(address, use)
    if (text === undefined) throw new TypeError(`${use}: argument 'address' must be one that ${name} can ${use === 'dial' ? 'dial' : 'listen on'}; got ${address.toString()}`)
    return text
  }

  /** The port's own object, with what the network wants to know of it. */
  const asLink = (link: RawLink, direction: Direction, remoteMultiaddr: Multiaddr): Link =>
    Object.assign(link, { direction, remoteMultiaddr, localMultiaddr: form.fromPort(link.localAddress) })

  return {
    name,
    dials: address => toPort(address, 'dial') !== undefined,
    listens: address => toPort(address, 'listen') !== undefined,
    dial (address, deadline, outcome) {
      return port.connect(mustBe(address, 'dial'), {
        onLink: link => { outcome.onOpen({ kind: 'link', handle: asLink(link, 'outbound', address.withoutPeer() ?? address) }) },
        onFailure: failure => { outcome.onFailure(dialFailure(failure, address.toString())) }
      }, { timeoutMs: Math.max(deadline - now(), 0) })
    },
    listen (address, listener) {
      return port.listen(mustBe(address, 'listen'), {
        onListening: chosen => { listener.onListening((form.expand?.(chosen) ?? [chosen]).map(text => form.fromPort(text))) },
        onLink: link => { listener.onOpen({ kind: 'link', handle: asLink(link, 'inbound', form.fromPort(link.remoteAddress)) }) },
        onFailure: failure => { listener.onFailure(listenFailure(failure, address.toString())) }
      })
    }
  }
}

/** The names of its steps: `ip4/tcp`. */
export function shapeOf (address: Multiaddr): string {
  return address.components.map(({ name }) => name).join('/')
}
