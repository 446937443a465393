/** multistream-select: libp2p/specs connections/README.md "multistream-select". */
import { expect } from 'chai'
import { MultistreamInitiatorCore, type InitiatorOptions } from '../../src/actors/upgrade/multistream-initiator.core.js'
import { MultistreamResponderCore, type ResponderOptions } from '../../src/actors/upgrade/multistream-responder.core.js'
import type { NegotiationEvent } from '../../src/actors/contract/negotiation.js'
import { encodeList, encodeToken } from '../../src/messages/wire/multistream.js'
import { mustNotDependOnSplit, mustSurviveTruncation, observe } from './support/observe.js'
import { Pair } from './support/pair.js'
import { concat, hex, Recorder, unhex, utf8 } from './support/recorder.js'

const deadline = 5000
const header = encodeToken('/multistream/1.0.0')

const tokens = (...texts: readonly string[]): Uint8Array => concat(texts.map(encodeToken))
const greeting = (...texts: readonly string[]): Uint8Array => concat([header, tokens(...texts)])

function initiator (protocols: readonly string[], options: Partial<InitiatorOptions> = {}): MultistreamInitiatorCore {
  return new MultistreamInitiatorCore({ purpose: 'stream', protocols, deadline, ...options })
}

function responder (protocols: readonly string[], options: Partial<ResponderOptions> = {}): MultistreamResponderCore {
  return new MultistreamResponderCore({ purpose: 'stream', speaks: id => protocols.includes(id), list: () => protocols, deadline, ...options })
}

const selected = (protocol: string, confirmed = true): NegotiationEvent => ({ type: 'multistream.selected', protocol, confirmed })

function failureOf (core: MultistreamInitiatorCore | MultistreamResponderCore, bytes: Uint8Array): string | undefined {
  return observe<NegotiationEvent>(core, [bytes]).failure
}

describe('multistream, both sides (connections/README.md, multistream-select)', () => {
  const conversations: ReadonlyArray<{ what: string, ask: string[], speak: string[], agreed?: string, bytes?: [string[], string[]] }> = [
    { what: 'agrees on the only proposal', ask: ['/a'], speak: ['/a'], agreed: '/a', bytes: [['/a'], ['/a']] },
    { what: 'proposes in order, and takes the first that both speak', ask: ['/a', '/b', '/c'], speak: ['/c', '/b'], agreed: '/b', bytes: [['/a', '/b'], ['na', '/b']] },
    { what: 'fails when there is nothing in common', ask: ['/a', '/b'], speak: ['/c'], bytes: [['/a', '/b'], ['na', 'na']] }
  ]
  for (const { what, ask, speak, agreed, bytes } of conversations) {
    for (const size of [1, 2, 3, 5, 8, 13, 1000]) {
      it(`${what}, in pieces of ${size}`, () => {
        const pair = new Pair<NegotiationEvent>(initiator(ask), responder(speak), size).start().run()
        const events = agreed === undefined ? [] : [selected(agreed)]
        expect(pair.a.out.events).to.deep.equal(events)
        expect(pair.b.out.events).to.deep.equal(events)
        expect(pair.a.out.failure?.code).to.equal(agreed === undefined ? 'stream/protocol-unsupported' : undefined)
        expect(pair.b.out.failure).to.equal(undefined)
        if (bytes === undefined) return
        expect(hex(concat(pair.a.sent))).to.equal(hex(greeting(...bytes[0])))
        expect(hex(concat(pair.b.sent))).to.equal(hex(greeting(...bytes[1])))
      })
    }
  }

  it('hands on what comes behind the accepted token, on both sides, and everything after', () => {
    const asking = initiator(['/a'])
    const seen = observe<NegotiationEvent>(asking, [concat([greeting('/a'), utf8('hello')]), utf8(' and more')])
    expect(seen.delivered).to.equal(hex(utf8('hello and more')))

    const answering = responder(['/a'])
    expect(observe<NegotiationEvent>(answering, [concat([greeting('/a'), utf8('hello')]), utf8(' and more')]).delivered).to.equal(hex(utf8('hello and more')))
  })

  it('sees no difference between splits', () => {
    const answers = concat([greeting('na', '/b'), unhex('00ff0a')])
    expect(mustNotDependOnSplit<NegotiationEvent>(() => initiator(['/a', '/b']), answers).events).to.deep.equal([selected('/b')])
    const proposals = concat([greeting('/a', 'ls', '/b'), unhex('00ff0a')])
    expect(mustNotDependOnSplit<NegotiationEvent>(() => responder(['/b']), proposals).events).to.deep.equal([selected('/b')])
    const long = `/${'x'.repeat(300)}`
    mustNotDependOnSplit<NegotiationEvent>(() => responder([long]), greeting('/a', long))
    mustNotDependOnSplit<NegotiationEvent>(() => initiator(['/a'], { list: true }), concat([header, encodeList(['/a', long]), encodeToken('/a')]))
  })

  it('sees no difference between splits of what is wrong either', () => {
    for (const bad of [unhex('800a'), unhex('ffff01'), utf8('GET / HTTP/1.1\r\n\r\n'), concat([header, unhex('03ff610a')]), concat([header, unhex('8108')])]) {
      expect(mustNotDependOnSplit<NegotiationEvent>(() => initiator(['/a']), bad).failure).to.equal('stream/negotiation-failed')
      expect(mustNotDependOnSplit<NegotiationEvent>(() => responder(['/a']), bad).failure).to.equal('stream/negotiation-failed')
    }
  })

  it('waits when it is cut off anywhere', () => {
    mustSurviveTruncation<NegotiationEvent>(() => initiator(['/a', '/b']), concat([greeting('na', '/b'), utf8('rest')]))
    mustSurviveTruncation<NegotiationEvent>(() => initiator(['/a'], { list: true }), concat([header, encodeList(['/a', '/b']), encodeToken('/a')]))
    mustSurviveTruncation<NegotiationEvent>(() => responder(['/b']), concat([greeting('/a', 'ls', '/b'), utf8('rest')]))
  })

  it('counts a list as many answers as it has entries', () => {
    const list = Array.from({ length: 400 }, (_, i) => `/protocol/${i}`)
    const core = (): MultistreamResponderCore => responder(list)
    const asked = observe<NegotiationEvent>(core(), [greeting(...new Array<string>(1000).fill('ls'))])
    expect(asked.failure).to.equal('stream/protocol-unsupported')
    expect(asked.written.length / 2).to.be.below(4 * encodeList(list).length)
    // Once one hears it in any case.
    const many = Array.from({ length: 5000 }, (_, i) => `/protocol/${i}`)
    expect(observe<NegotiationEvent>(responder(many), [greeting('ls', '/protocol/7')]).events).to.deep.equal([selected('/protocol/7')])
  })

  it('has one deadline, and names it by what is negotiated', () => {
    for (const [purpose, code] of [['stream', 'stream/timeout'], ['security', 'upgrade/timeout'], ['muxer', 'upgrade/timeout']] as const) {
      const pair = new Pair<NegotiationEvent>(initiator(['/a'], { purpose }), responder(['/a'], { purpose }))
      pair.a.core.command({ type: 'start' }, 0, pair.a.out)
      expect(pair.a.core.nextTimeout()).to.equal(deadline)
      pair.a.core.expire(deadline - 1, pair.a.out)
      expect(pair.a.out.failure).to.equal(undefined)
      expect(pair.sleep()).to.equal(true)
      expect(pair.a.out.failure?.code).to.equal(code)
      expect(pair.b.out.failure?.code).to.equal(code)
      expect(pair.sleep()).to.equal(false)
    }
  })

  it('has no deadline any more once it is done', () => {
    const pair = new Pair<NegotiationEvent>(initiator(['/a']), responder(['/a'])).start().run()
    expect(pair.sleep()).to.equal(false)
    pair.a.core.expire(deadline + 1, pair.a.out)
    expect(pair.a.out.failure).to.equal(undefined)
  })
})

describe('multistream, the initiator', () => {
  it('sends header and first proposal in one write', () => {
    const core = initiator(['/a', '/b'])
    const out = new Recorder<NegotiationEvent>()
    core.command({ type: 'start' }, 0, out)
    expect(out.written.map(hex)).to.deep.equal([hex(greeting('/a'))])
    core.command({ type: 'start' }, 0, out)
    expect(out.written).to.have.length(1)
  })

  it('when lazy, has selected at once, and is confirmed by the echo', () => {
    const seen = observe<NegotiationEvent>(initiator(['/a'], { lazy: true }), [])
    expect(seen.events).to.deep.equal([selected('/a', false)])
    const both = mustNotDependOnSplit<NegotiationEvent>(() => initiator(['/a'], { lazy: true }), concat([greeting('/a'), utf8('data')]))
    expect(both.events).to.deep.equal([selected('/a', false), { type: 'multistream.confirmed', protocol: '/a' }])
    expect(both.delivered).to.equal(hex(utf8('data')))
  })

  it('when lazy, fails when it is refused', () => {
    expect(failureOf(initiator(['/a'], { lazy: true }), greeting('na'))).to.equal('stream/protocol-unsupported')
  })

  it('refuses arguments that make no sense', () => {
    expect(() => initiator([])).to.throw(RangeError)
    expect(() => initiator(['/a', '/b'], { lazy: true })).to.throw(TypeError)
    expect(() => initiator(['/a'], { lazy: true, list: true })).to.throw(TypeError)
    for (const id of ['na', 'ls', '/multistream/1.0.0']) expect(() => initiator([id])).to.throw(RangeError)
    expect(() => { initiator(['/a']).feed(header, 0, new Recorder()) }).to.throw('before it was started')
  })

  it('asks for the list, and then proposes, or has seen enough', () => {
    const listed: NegotiationEvent = { type: 'multistream.listed', protocols: ['/a', '/b'] }
    const only = observe<NegotiationEvent>(initiator([], { list: true }), [concat([header, encodeList(['/a', '/b'])])])
    expect(only.events).to.deep.equal([listed])
    expect(only.written).to.equal(hex(greeting('ls')))
    const both = observe<NegotiationEvent>(initiator(['/b'], { list: true }), [concat([header, encodeList(['/a', '/b']), encodeToken('/b')])])
    expect(both.events).to.deep.equal([listed, selected('/b')])
    expect(both.written).to.equal(hex(greeting('ls', '/b')))
  })

  it('takes na as an empty list: go does not know ls', () => {
    expect(observe<NegotiationEvent>(initiator([], { list: true }), [greeting('na')]).events).to.deep.equal([{ type: 'multistream.listed', protocols: [] }])
  })

  const wrong: ReadonlyArray<readonly [string, Uint8Array]> = [
    ['another first token than the header', tokens('/a')],
    ['an answer that is neither echo nor na', greeting('/b')],
    ['a second header', concat([header, header])],
    ['a token without a newline', concat([header, unhex('022f61')])],
    ['a token with two newlines', concat([header, unhex('042f0a610a')])],
    ['an empty token', concat([header, unhex('00')])],
    ['a token of 1,025 bytes, at its length', concat([header, unhex('8108')])],
    ['a length of three bytes, at its second', concat([header, unhex('8080')])],
    ['a length that is not minimal', concat([header, unhex('8300')])],
    ['a list that lies', concat([header, unhex('047f610a0a')])]
  ]
  for (const [what, bytes] of wrong) {
    it(`fails on ${what}, and is poisoned`, () => {
      const core = initiator(['/a'], what.includes('list') ? { list: true } : {})
      const out = new Recorder<NegotiationEvent>()
      core.command({ type: 'start' }, 0, out)
      core.feed(bytes, 0, out)
      expect(out.failure?.code).to.equal('stream/negotiation-failed')
      core.feed(greeting('/a'), 0, out)
      core.command({ type: 'start' }, 0, out)
      core.expire(deadline, out)
      expect([out.late, out.events.length, core.nextTimeout()]).to.deep.equal([0, 0, Infinity])
    })
  }

  it('names failures by what is negotiated', () => {
    expect(failureOf(initiator(['/a'], { purpose: 'security' }), greeting('na'))).to.equal('upgrade/no-security')
    expect(failureOf(initiator(['/a'], { purpose: 'muxer' }), greeting('na'))).to.equal('upgrade/no-muxer')
    expect(failureOf(initiator(['/a'], { purpose: 'security' }), utf8('H'))).to.equal('upgrade/negotiation-failed')
  })
})

describe('multistream, the responder', () => {
  it('sends its header with start, or else with the first answer, and only once', () => {
    expect(observe<NegotiationEvent>(responder(['/a']), []).written).to.equal(hex(header))
    expect(observe<NegotiationEvent>(responder(['/a']), [], false).written).to.equal('')
    expect(observe<NegotiationEvent>(responder(['/a']), [header], false).written).to.equal(hex(header))
    expect(observe<NegotiationEvent>(responder(['/a']), [greeting('/a')]).written).to.equal(hex(greeting('/a')))
  })

  it('accepts header, proposal and first data in one piece (0-RTT)', () => {
    const seen = observe<NegotiationEvent>(responder(['/a']), [concat([greeting('/a'), utf8('data')])], false)
    expect(seen.events).to.deep.equal([selected('/a')])
    expect([seen.written, seen.delivered]).to.deep.equal([hex(greeting('/a')), hex(utf8('data'))])
  })

  it('answers ls with the list, at any time before the choice', () => {
    const seen = observe<NegotiationEvent>(responder(['/a', '/b']), [greeting('ls', '/c', 'ls', '/b')])
    expect(seen.written).to.equal(hex(concat([header, encodeList(['/a', '/b']), encodeToken('na'), encodeList(['/a', '/b']), encodeToken('/b')])))
  })

  it('says na to ids that it does not speak, whatever they are', () => {
    expect(observe<NegotiationEvent>(responder(['/a']), [greeting('na', 'a', '', '/A', '/a/', '/multistream/1.0.0', '/é')]).written)
      .to.equal(hex(greeting('na', 'na', 'na', 'na', 'na', 'na', 'na')))
  })

  it('has enough after so many proposals', () => {
    const core = responder(['/a'], { maxRounds: 3 })
    const out = new Recorder<NegotiationEvent>()
    core.feed(greeting('/b', '/c', 'ls'), 0, out)
    expect(out.failure).to.equal(undefined)
    core.feed(tokens('/d', '/a'), 0, out)
    expect(out.failure?.code).to.equal('stream/protocol-unsupported')
    expect(failureOf(responder(['/a']), greeting(...Array.from({ length: 1001 }, () => 'x')))).to.equal('stream/protocol-unsupported')
  })

  it('fails on another first token than the header, and on bytes that are no tokens', () => {
    for (const bytes of [tokens('/a'), concat([header, unhex('022f61')]), concat([header, unhex('8108')])]) {
      expect(failureOf(responder(['/a']), bytes), hex(bytes.subarray(0, 8))).to.equal('stream/negotiation-failed')
    }
  })

  it('knows HTTP and TLS at their first byte', () => {
    for (const first of ['GET', 'POST', '\u0016']) expect(failureOf(responder(['/a'], { purpose: 'security' }), utf8(first))).to.equal('upgrade/negotiation-failed')
  })
})
