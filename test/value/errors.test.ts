/** The table of error codes, and the class that carries them. */
import { expect } from 'chai'
import type { ErrorCode } from '../../src/messages/errors.js'
import { NetworkError, codeFromWire, errorTable, isErrorCode, wireCodeOf } from '../../src/messages/errors.js'

const rooms = ['actor', 'dial', 'listen', 'upgrade', 'connection', 'stream', 'handler', 'limit', 'record', 'store', 'user']
const codes = Object.keys(errorTable) as ErrorCode[]

/** go-libp2p 0.48, core/network/conn.go and mux.go. */
const wire = {
  connection: [0x1000, 0x1001, 0x1002, 0x1003, 0x1004, 0x1005, 0x1006, 0x1007],
  stream: [0x1001, 0x1002, 0x1003, 0x1004, 0x1005, 0x1006, 0x1007, 0x1008]
} as const

describe('error table', () => {
  it('names each code as room/reason, and says what happened and what to do in sentences', () => {
    for (const code of codes) {
      expect(code).to.match(/^[a-z]+\/[a-z]+(-[a-z]+)*$/)
      expect(rooms).to.include(code.split('/')[0])
      for (const text of [errorTable[code].sentence, errorTable[code].advice]) expect(text, code).to.match(/^[A-Z].*[.]$/)
    }
  })

  it('has a room for each code, and a code in each room', () => {
    expect([...new Set(codes.map(code => code.split('/')[0]))].sort()).to.deep.equal([...rooms].sort())
  })

  for (const scope of ['connection', 'stream'] as const) {
    it(`sends and understands go's numbers for a ${scope}`, () => {
      for (const number of wire[scope]) {
        const code = codeFromWire(number, scope)
        expect(wireCodeOf(code, scope), code).to.equal(number)
        expect(errorTable[code].scope).to.equal(scope)
      }
      for (const code of codes) expect([0, ...wire[scope]]).to.include(wireCodeOf(code, scope))
    })

    it(`takes an unknown number for a ${scope} as a reset`, () => {
      for (const number of [1, 0x0fff, 0x1009, 0x1100, 0xffff_ffff]) expect(codeFromWire(number, scope)).to.equal(`${scope}/reset`)
    })
  }

  it('sends no number of the other scope', () => {
    expect(wireCodeOf('stream/gated', 'connection')).to.equal(0)
    expect(wireCodeOf('connection/gated', 'stream')).to.equal(0)
    expect(codeFromWire(0, 'connection')).to.equal('connection/closed')
    expect(codeFromWire(0, 'stream')).to.equal('stream/reset')
  })
})

describe('NetworkError', () => {
  it('takes scope and initiator from the table, and keeps what it is given', () => {
    const cause = new Error('below')
    const error = new NetworkError('dial/refused', { detail: '127.0.0.1:1', cause, path: '/node/network/dialer/1' })
    expect(error).to.include({ name: 'NetworkError', code: 'dial/refused', scope: 'connection', initiator: 'remote', path: '/node/network/dialer/1', cause, retryable: true })
    expect(error.message).to.equal('Nobody listens at the address: 127.0.0.1:1')
    expect(error.advice).to.equal(errorTable['dial/refused'].advice)
    expect(error).to.be.instanceOf(Error)
  })

  it('has no cause, path and number when none is given', () => {
    const error = new NetworkError('stream/reset')
    expect(error.message).to.equal('The stream was reset.')
    expect('cause' in error).to.be.false
    expect([error.path, error.wireCode, error.initiator, error.retryable]).to.deep.equal([undefined, undefined, 'user', false])
  })

  it('may have another initiator, and the number that came', () => {
    expect(new NetworkError('stream/reset', { initiator: 'remote', wireCode: 0x1234 })).to.include({ initiator: 'remote', wireCode: 0x1234 })
  })

  it('knows its codes', () => {
    expect(codes.every(isErrorCode)).to.be.true
    expect(['', 'dial', 'constructor', 'toString', 'dial/nothing'].some(isErrorCode)).to.be.false
  })
})
