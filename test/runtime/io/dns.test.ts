import { expect } from 'chai'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { dnsPort } from '../../../src/runtime/io/dns.js'
import { createSystem, type System } from '../../../src/runtime/system.js'

const never = new AbortController().signal
const noName = 3

/** A name server that knows one name. */
async function nameServer (answer: (question: Buffer) => Buffer | undefined): Promise<{ readonly address: string, readonly socket: Socket, readonly asked: () => number }> {
  const socket = createSocket('udp4')
  let asked = 0
  socket.on('message', (question, { port, address }) => {
    asked++
    const reply = answer(question)
    if (reply !== undefined) socket.send(reply, port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return { address: `127.0.0.1:${(socket.address()).port}`, socket, asked: () => asked }
}

/** The header and the question again, then what is given (RFC 1035, 4.1). */
function reply (question: Buffer, code: number, answers: readonly Buffer[]): Buffer {
  const end = question.indexOf(0, 12) + 5
  const message = Buffer.concat([question.subarray(0, end), ...answers])
  message.writeUInt16BE(0x8180 | code, 2)
  message.writeUInt16BE(answers.length, 6)
  message.writeUInt16BE(0, 8)
  message.writeUInt16BE(0, 10)
  return message
}

function txt (...parts: readonly string[]): Buffer {
  const data = Buffer.concat(parts.map(part => Buffer.concat([Buffer.from([part.length]), Buffer.from(part)])))
  const head = Buffer.from('c00c0010000100000000', 'hex')
  const length = Buffer.alloc(2)
  length.writeUInt16BE(data.length)
  return Buffer.concat([head, length, data])
}

describe('names', () => {
  let system: System

  beforeEach(() => { system = createSystem({ name: 'here', log: { level: 'off' } }) })

  afterEach(async () => {
    expect(system.handles.size).to.equal(0)
    await system.stop()
  })

  it('of the hosts file are known', async () => {
    const dns = dnsPort(system)
    const asking = dns.resolve4('localhost', never)
    expect(system.handles.labels()).to.deep.equal(['IPv4 addresses of localhost'])
    expect(await asking).to.include('127.0.0.1')
  })

  it('of one kind of address only have none of the other', async () => {
    expect(await dnsPort(system).resolve6('127.0.0.1', never)).to.deep.equal([])
  })

  it('of which there is nothing have none', async () => {
    const server = await nameServer(question => reply(question, noName, []))
    expect(await dnsPort(system, { servers: [server.address] }).resolveTxt('nobody.example.org', never)).to.deep.equal([])
    server.socket.close()
  })

  it('have texts, whose parts are put together', async () => {
    const server = await nameServer(question => reply(question, 0, [txt('dnsaddr=/ip4/', '10.0.0.1/tcp/1'), txt('other')]))
    const texts = await dnsPort(system, { servers: [server.address] }).resolveTxt('_dnsaddr.example.org', never)
    expect(texts).to.deep.equal(['dnsaddr=/ip4/10.0.0.1/tcp/1', 'other'])
    server.socket.close()
  })

  it('that a server cannot find out are an error with a code', async () => {
    const server = await nameServer(question => reply(question, 5, []))
    const error = await dnsPort(system, { servers: [server.address] }).resolveTxt('example.org', never).then(() => undefined, (error: unknown) => error)
    expect(error).to.include({ code: 'EREFUSED' })
    server.socket.close()
  })

  it('are given up when the signal fires, with its reason', async () => {
    const server = await nameServer(() => undefined)
    const dns = dnsPort(system, { servers: [server.address] })
    const controller = new AbortController()
    const reason = new Error('as planned')
    const asking = [dns.resolveTxt('example.org', controller.signal), dns.resolve4('localhost', controller.signal)]
    const outcomes = Promise.all(asking.map(async question => question.then(() => undefined, (error: unknown) => error)))
    await once(server.socket, 'message')
    expect(system.handles.size).to.be.within(1, 2)
    controller.abort(reason)
    const [text, address] = await outcomes
    expect(text).to.equal(reason)
    expect([undefined, reason]).to.include(address)
    server.socket.close()
    const late = await dns.resolve4('localhost', controller.signal).then(() => undefined, (error: unknown) => error)
    expect(late).to.equal(reason)
  })

  it('are asked with options that are known', () => {
    expect(() => dnsPort(system, { server: [] } as object)).to.throw(TypeError, 'server')
  })
})
