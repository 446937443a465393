import { expect } from 'chai'
import { plain, plainError, plainExit } from '../../../src/runtime/inspect/plain.js'

describe('plain', () => {
  it('leaves data as it is', () => {
    const data = { text: 'a', number: 1.5, yes: true, nothing: null, list: [1, ['b']], deep: { er: {} } }
    expect(plain(data)).to.deep.equal(data)
  })

  it('writes what JSON cannot', () => {
    expect(plain([NaN, Infinity, 12n, undefined, Symbol('s'), function named () {}, () => {}])).to.deep.equal(['NaN', 'Infinity', '12n', null, '<Symbol(s)>', '<function named>', '<function>'])
    expect(plain({ gone: undefined })).to.deep.equal({})
    expect(plain(undefined)).to.equal(null)
    expect(plain(new Map<unknown, unknown>([['a', 1], [{ b: 2 }, new Set([3])]]))).to.deep.equal([['a', 1], [{ b: 2 }, [3]]])
  })

  it('never shows bytes: they may be a key', () => {
    expect(plain({ key: new Uint8Array(32), buffer: Buffer.from('secret'), raw: new ArrayBuffer(5) })).to.deep.equal({ key: '<32 bytes>', buffer: '<6 bytes>', raw: '<5 bytes>' })
  })

  it('lets a value speak for itself', () => {
    class Secret {
      readonly key = 'top'
      toJSON (): string { return '<secret>' }
    }
    expect(plain({ secret: new Secret(), at: new Date(0) })).to.deep.equal({ secret: '<secret>', at: '1970-01-01T00:00:00.000Z' })
  })

  it('names what is more than data', () => {
    class Socket { readonly fd = 3; [Symbol.dispose] (): void {} }
    const ref = { path: '/shop/till', tell: () => true }
    expect(plain({ socket: new Socket(), promise: Promise.resolve(), ref, reply: { tell: () => true } })).to.deep.equal({ socket: '<Socket>', promise: '<Promise>', ref: '/shop/till', reply: '<Object>' })
  })

  it('stops at itself, and shows twice what stands twice', () => {
    const shared = { a: 1 }
    const ring: Record<string, unknown> = { left: shared, right: shared }
    ring['self'] = ring
    expect(plain(ring)).to.deep.equal({ left: { a: 1 }, right: { a: 1 }, self: '<circular>' })
  })

  it('is bounded in every direction', () => {
    let deep: object = {}
    for (let level = 0; level < 1000; level++) deep = { deep }
    expect(JSON.stringify(plain(deep))).to.equal('{"deep":{"deep":{"deep":{"deep":{"deep":{"deep":"<Object>"}}}}}}')
    expect(plain(Array.from({ length: 150 }, () => 0))).to.have.length(101).and.to.include('... 50 more')
    expect(plain(Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`k${i}`, 0])))).to.have.property('...', '50 more')
    expect(plain('x'.repeat(1200))).to.equal(`${'x'.repeat(1000)}... 200 more`)
    const wide = Array.from({ length: 100 }, () => Array.from({ length: 100 }, () => Array.from({ length: 100 }, () => 1)))
    expect(JSON.stringify(plain(wide)).length).to.be.lessThan(20_000)
  })

  it('does not throw, whatever the value does', () => {
    const trap = { get boom (): never { throw new Error('trap') } }
    expect(plain({ trap })).to.deep.equal({ trap: '<unreadable: trap>' })
    const evil = new Proxy({}, { get: () => { throw new Error('no') }, ownKeys: () => { throw new Error('no keys') } })
    expect(plain([evil])).to.deep.equal(['<unreadable: no>'])
    expect(plain({ toJSON: () => { throw new Error('mute') } })).to.equal('<unreadable: mute>')
    expect(plain(Object.create(null))).to.deep.equal({})
    expect(plain(JSON.parse('{"__proto__":{"a":1}}'))).to.have.own.property('__proto__')
  })
})

describe('plainError', () => {
  it('keeps name, message, code, stack and cause', () => {
    const error = Object.assign(new TypeError('outer', { cause: new Error('inner') }), { code: 'E_OUTER' })
    const shown = plainError(error)
    expect(shown).to.deep.include({ name: 'TypeError', message: 'outer', code: 'E_OUTER' })
    expect(shown.stack).to.include('plain.test')
    expect(shown.cause).to.include({ name: 'Error', message: 'inner' })
  })

  it('takes whatever is thrown', () => {
    expect(plainError('plain text')).to.deep.equal({ name: 'thrown', message: 'plain text' })
    expect(plainError(undefined)).to.deep.equal({ name: 'thrown', message: 'undefined' })
    expect(plainError({ status: 404 })).to.deep.equal({ name: 'thrown', message: '{"status":404}' })
  })

  it('follows causes only so far, and shows the parts of an aggregate', () => {
    const endless = new Error('again')
    endless.cause = endless
    expect(JSON.stringify(plainError(endless)).match(/"again"/g)).to.have.length(9)
    expect(plainError(new AggregateError([new Error('one'), 2])).errors).to.have.length(2)
  })
})

describe('plainExit', () => {
  it('has what the exit has', () => {
    expect(plainExit({ kind: 'done', output: { n: 1n } })).to.deep.equal({ kind: 'done', output: { n: '1n' } })
    expect(plainExit({ kind: 'stopped', reason: 'asked', because: { path: '/a', exit: { kind: 'done', output: undefined } } })).to.deep.equal({ kind: 'stopped', reason: 'asked', because: '/a' })
    expect(plainExit({ kind: 'killed', reason: 'operator', counted: false })).to.deep.equal({ kind: 'killed', reason: 'operator' })
    expect(plainExit({ kind: 'crashed', at: 'step', error: 'x', message: 'm' })).to.deep.equal({ kind: 'crashed', at: 'step', error: { name: 'thrown', message: 'x' }, message: 'm' })
  })
})
