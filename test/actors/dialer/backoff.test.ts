import { expect } from 'chai'
import { AddressBackoff, countsAgainstAddress } from '../../../src/actors/dialer/backoff.core.js'

describe('address back-off', () => {
  it('doubles from one second to five minutes, and is forgotten by a success', () => {
    const backoff = new AddressBackoff()
    const waits: number[] = []
    let now = 0
    for (let n = 0; n < 11; n++) {
      backoff.failed('a', now)
      waits.push(backoff.remaining('a', now))
      now += backoff.remaining('a', now)
    }
    expect(waits).to.deep.equal([1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000])
    expect([backoff.remaining('a', now), backoff.remaining('b', now)]).to.deep.equal([0, 0])
    backoff.succeeded('a')
    backoff.failed('a', now)
    expect(backoff.remaining('a', now)).to.equal(1000)
  })

  it('begins anew for one that nobody tried for long', () => {
    const backoff = new AddressBackoff()
    for (let n = 0; n < 5; n++) backoff.failed('a', 0)
    backoff.failed('a', 1_000_000)
    expect(backoff.remaining('a', 1_000_000)).to.equal(1000)
  })

  it('is bounded: the one that failed longest ago is forgotten', () => {
    const backoff = new AddressBackoff({ entries: 3 })
    for (const key of ['a', 'b', 'c', 'a', 'd']) backoff.failed(key, 0)
    expect(backoff.size).to.equal(3)
    expect(['a', 'b', 'c', 'd'].map(key => backoff.remaining(key, 0))).to.deep.equal([2000, 0, 1000, 1000])
  })

  it('can be turned off', () => {
    const backoff = new AddressBackoff({ firstMs: 0 })
    backoff.failed('a', 0)
    expect([backoff.size, backoff.remaining('a', 0)]).to.deep.equal([0, 0])
  })

  it('counts what the address has done, and nothing of ours', () => {
    for (const code of ['dial/refused', 'dial/timeout', 'upgrade/timeout', 'upgrade/peer-mismatch'] as const) expect(countsAgainstAddress(code), code).to.equal(true)
    for (const code of ['limit/connections', 'dial/gated', 'upgrade/gated', 'dial/no-socket', 'user/aborted', 'actor/down', 'connection/shutdown'] as const) expect(countsAgainstAddress(code), code).to.equal(false)
  })
})
