/** Somebody in a simulated world who does not keep to the rules: raw links to and from nodes, and the cores put together by hand. */
import { noise, noiseSignatureInput } from '../../../../src/actors/security/noise/noise-handshake.core.js'
import { generateKeyPair } from '../../../../src/actors/node/keys.js'
import type { CoreSecurity } from '../../../../src/actors/contract/security.js'
import { Multiaddr } from '../../../../src/messages/value/multiaddr.js'
import { BufferPool } from '../../../../src/runtime/bytes/pool.js'
import { nodeCrypto } from '../../../../src/runtime/crypto/node.js'
import type { RawLink } from '../../../../src/runtime/io/raw-link.js'
import type { System } from '../../../../src/runtime/system.js'
import type { TestNet } from '../../../../src/testnet.js'
import { Stack } from '../../../core/support/stack.js'

const address = '10.66.0.1'

export class Rogue {
  readonly multiaddr = Multiaddr.parse(`/ip4/${address}/tcp/4001`)
  private readonly system: System
  private readonly net: TestNet

  constructor (net: TestNet) {
    this.net = net
    net.world.network.host('rogue', { addresses: [address] })
    this.system = net.world.system({ name: 'rogue' })
  }

  /** Takes every link, and does with it what `script` says. */
  listen (script: (link: RawLink) => void): this {
    const port = this.net.world.network.port(this.system)
    this.system.root.own(port.listen(`${address}:4001`, { onLink: link => { script(link) }, onFailure: ({ code }) => { throw new Error(code) } }))
    return this
  }

  /** Connects, and does with the link what `script` says. */
  async connect (to: Multiaddr, script: (link: RawLink) => void): Promise<void> {
    const { host, port } = to.endpoint!
    await this.net.until(new Promise<void>((resolve, reject) => {
      this.system.root.own(this.net.world.network.port(this.system).connect(`${host}:${port}`, {
        onLink: link => {
          script(link)
          resolve()
        },
        onFailure: ({ code }) => { reject(new Error(code)) }
      }))
    }))
  }

  /** A peer that has shaken hands properly, and then does what `script` says. */
  async dial (to: Multiaddr, script: (stack: RogueStack) => void): Promise<void> {
    const security = await honestNoise()
    let opened = (): void => {}
    const ready = new Promise<void>(resolve => { opened = resolve })
    await this.connect(to, link => {
      const stack = new RogueStack(link, new Stack(true, { security, early: ['/yamux/1.0.0'] }), () => {
        script(stack)
        opened()
      })
    })
    await this.net.until(ready)
  }
}

/** The cores on a link. */
export class RogueStack {
  readonly link: RawLink
  readonly stack: Stack
  private ready: (() => void) | undefined

  constructor (link: RawLink, stack: Stack, ready: () => void) {
    this.link = link
    this.stack = stack
    this.ready = ready
    link.attach({
      onData: bytes => {
        stack.feed(bytes.slice())
        this.flush()
        if (stack.muxer === undefined) return
        this.ready?.()
        this.ready = undefined
      },
      onEnd: () => { link.end() },
      onClose: () => {}
    })
    this.flush()
  }

  flush (): void {
    const bytes = this.stack.flush()
    if (bytes.length > 0 && !this.link.closed) this.link.write(bytes)
  }

  /** Opens a stream, and says less than what it is for. */
  begin (): void {
    const stream = this.stack.muxer!.open()
    if (typeof stream === 'string') throw new Error(stream)
    void stream.write(Uint8Array.of(19, 0x2f))
    this.flush()
  }

  /** Any bytes, sealed and sent. */
  send (plaintext: Uint8Array): void {
    this.stack.sendRaw(plaintext)
    this.flush()
  }
}

export async function honestNoise (): Promise<CoreSecurity> {
  const key = await generateKeyPair()
  const staticKey = nodeCrypto.generateX25519()
  return noise({
    crypto: nodeCrypto,
    staticKey,
    ephemeralKey: () => nodeCrypto.generateX25519(),
    identity: { key: key.publicKey.toProtobuf(), signature: key.sign(nodeCrypto, noiseSignatureInput(staticKey.publicKey)) },
    pool: new BufferPool(65_536)
  })
}
