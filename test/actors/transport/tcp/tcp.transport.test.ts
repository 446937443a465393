import { expect } from 'chai'
import { interfaceAddresses } from '../../../../src/actors/transport/interfaces.port.js'
import { tcpTransport } from '../../../../src/actors/transport/tcp/tcp.transport.js'
import type { LinkPort } from '../../../../src/runtime/io/raw-link.js'
import { tcpPort } from '../../../../src/runtime/io/tcp.js'
import { SimWorld } from '../../../../src/runtime/sim/sim-world.js'
import type { System } from '../../../../src/runtime/system.js'
import { LinkStage, type LinkWorld } from '../../../runtime/io/link-kit.js'
import { realSystems } from '../../../runtime/io/real-world.js'
import { dial, listenOn, peer, transportContract, type TransportCases, type TransportWorld } from '../transport-contract.js'

const cases: TransportCases = {
  name: 'tcp',
  listen: '/ip4/127.0.0.1/tcp/0',
  listened: /^\/ip4\/127\.0\.0\.1\/tcp\/\d+$/,
  remote: /^\/ip4\/127\.0\.0\.1\/tcp\/\d+$/,
  nobody: '/ip4/127.0.0.1/tcp/1',
  dials: ['/ip4/1.2.3.4/tcp/4001', '/ip6/::1/tcp/4001', '/ip6zone/eth0/ip6/fe80::1/tcp/4001', `/ip4/1.2.3.4/tcp/4001/p2p/${peer}`],
  doesNotDial: [
    '/ip4/1.2.3.4/tcp/0', '/ip4/1.2.3.4/udp/4001', '/dns4/example.org/tcp/4001', '/dnsaddr/example.org', '/ip4/1.2.3.4', '/memory/1', `/p2p/${peer}`,
    '/ip4/1.2.3.4/tcp/4001/ws', '/ip4/1.2.3.4/tcp/443/tls/ws', `/ip4/1.2.3.4/tcp/4001/p2p/${peer}/p2p-circuit`, `/ip4/1.2.3.4/tcp/4001/p2p/${peer}/p2p-circuit/p2p/${peer}`
  ],
  listens: ['/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/4001', '/ip6zone/eth0/ip6/fe80::1/tcp/4001'],
  doesNotListen: ['/dns4/localhost/tcp/4001', '/ip4/127.0.0.1/udp/0', '/ip4/127.0.0.1/tcp/0/ws', '/unix/tmp/x']
}

const machine = ['127.0.0.1', '10.1.2.3', '169.254.7.7', '::1', 'fd00::7', 'fe80::1', 'febf::2']

function worldOf (systems: LinkWorld, port: (system: System) => LinkPort, interfaces: () => readonly string[] = () => machine): TransportWorld {
  const transport = (system: System): TransportWorld['transportHere'] => tcpTransport({ port: port(system), now: () => system.now(), interfaces })
  return { ...systems, transportHere: transport(systems.here), transportThere: transport(systems.there) }
}

const real = (interfaces?: () => readonly string[]): TransportWorld => worldOf(realSystems(), system => tcpPort(system), interfaces)

function simulated (): TransportWorld {
  const world = new SimWorld({ seed: 1 })
  world.network.host('here', { addresses: ['10.0.0.1', 'fd00::1'] })
  world.network.host('there', { addresses: ['10.0.0.2', 'fd00::2'] })
  const systems: LinkWorld = {
    here: world.system({ name: 'here' }),
    there: world.system({ name: 'there' }),
    turn: async () => { await world.run(1) },
    stop: async () => { await world.stop() }
  }
  return worldOf(systems, system => world.network.port(system))
}

describe('tcp transport', () => {
  transportContract(() => real(), cases)

  describe('over IPv6', () => {
    transportContract(() => real(), {
      ...cases, listen: '/ip6/::1/tcp/0', listened: /^\/ip6\/::1\/tcp\/\d+$/, remote: /^\/ip6\/::1\/tcp\/\d+$/, nobody: '/ip6/::1/tcp/1'
    })
  })

  describe('in a simulated network', () => {
    transportContract(simulated, {
      ...cases, listen: '/ip4/10.0.0.2/tcp/0', listened: /^\/ip4\/10\.0\.0\.2\/tcp\/\d+$/, remote: /^\/ip4\/10\.0\.0\.1\/tcp\/\d+$/, nobody: '/ip4/10.0.0.2/tcp/1'
    })

    let stage: LinkStage<TransportWorld>

    beforeEach(() => { stage = new LinkStage(simulated()) })
    afterEach(async () => { await stage.end() })

    it('fails at the deadline where nobody is, and at once behind it', async () => {
      const unreachable = dial(stage, '/ip4/10.0.0.99/tcp/1')
      await stage.until(() => unreachable.failures.length > 0)
      expect(unreachable.failures[0]!.code).to.equal('dial/unreachable')
      for (const timeoutMs of [1, 0, -100]) {
        const { failures } = dial(stage, '/ip4/10.0.0.2/tcp/1', timeoutMs)
        await stage.until(() => failures.length > 0)
        expect(failures[0]!.code, `${timeoutMs} ms`).to.equal('dial/timeout')
      }
    })
  })

  describe('on all addresses', () => {
    let stage: LinkStage<TransportWorld>

    afterEach(async () => { await stage.end() })

    async function addressesOf (listen: string, interfaces?: () => readonly string[]): Promise<readonly string[]> {
      stage = new LinkStage(real(interfaces))
      const { addresses, failures } = listenOn(stage, listen)
      await stage.until(() => addresses.length + failures.length > 0)
      expect(failures).to.deep.equal([])
      return addresses.map(String)
    }

    it('of IPv4 says which those are, with one port, but for link-local ones', async () => {
      const addresses = await addressesOf('/ip4/0.0.0.0/tcp/0')
      const port = addresses[0]!.split('/').at(-1)
      expect(Number(port)).to.be.greaterThan(0)
      expect(addresses).to.deep.equal([`/ip4/127.0.0.1/tcp/${port}`, `/ip4/10.1.2.3/tcp/${port}`])
    })

    it('of IPv6 likewise', async () => {
      const addresses = await addressesOf('/ip6/::/tcp/0')
      const port = addresses[0]!.split('/').at(-1)
      expect(addresses).to.deep.equal([`/ip6/::1/tcp/${port}`, `/ip6/fd00::7/tcp/${port}`])
    })

    it('of this very machine can be dialed', async () => {
      const addresses = await addressesOf('/ip4/0.0.0.0/tcp/0', interfaceAddresses)
      expect(addresses.some(address => address.startsWith('/ip4/127.0.0.1/tcp/'))).to.equal(true)
      for (const address of addresses) {
        const { links, failures } = dial(stage, address)
        await stage.until(() => links.length + failures.length > 0)
        expect(failures, address).to.deep.equal([])
      }
    })
  })

  it('says that an address is another machine\'s', async () => {
    const stage = new LinkStage(real())
    const { failures } = listenOn(stage, '/ip4/192.0.2.77/tcp/0')
    await stage.until(() => failures.length > 0)
    expect(failures[0]!.code).to.equal('listen/unavailable')
    await stage.end()
  })
})
