import { encodeFrame, PING, SYN } from '../../../src/messages/wire/yamux.js'
import { SeededRandom } from '../../../src/runtime/random.js'
import type { MuxerEvent } from '../../../src/actors/contract/muxer.js'
import { concat, hex, utf8 } from './recorder.js'
import { framesOf, readAll, YamuxEnd, YamuxPair } from './yamux-pair.js'
import { describeHeader } from '../../../src/messages/wire/yamux.js'

/** What one side was fed in a conversation between two of ours. */
export interface Session {
  readonly name: string
  /** That it was fed to. */
  readonly client: boolean
  readonly bytes: Uint8Array
}

/** Records what both sides are fed while `script` plays. */
function record (name: string, script: (pair: YamuxPair) => void): Session[] {
  const pair = new YamuxPair()
  script(pair)
  pair.run()
  return [
    { name: `${name}, to the server`, client: false, bytes: concat(pair.toServer) },
    { name: `${name}, to the client`, client: true, bytes: concat(pair.toClient) }
  ].filter(({ bytes }) => bytes.length > 0)
}

/** Short conversations that together use every frame there is. */
export function recordedSessions (): Session[] {
  return [
    ...record('a question and an answer', pair => {
      const stream = pair.client.open()
      void stream.write(utf8('question'))
      void stream.close()
      pair.run()
      void pair.server.opened[0]!.write(utf8('answer'))
      void pair.server.opened[0]!.close()
    }),
    ...record('streams both ways, one reset, one refused', pair => {
      const streams = [pair.client.open(), pair.server.open(), pair.client.open()]
      for (const [i, stream] of streams.entries()) void stream.write(utf8(`hello ${i}`))
      pair.run()
      for (const end of [pair.client, pair.server]) {
        for (const stream of end.opened) end.core.command({ type: 'accept', stream }, end.now, end.out)
      }
      streams[2]!.reset('stream/timeout')
      pair.client.opened[0]!.reset()
      void streams[0]!.close()
    }),
    ...record('pings and the end', pair => {
      pair.client.core.command({ type: 'ping' }, pair.now, pair.client.out)
      pair.server.core.command({ type: 'ping' }, pair.now, pair.server.out)
      pair.run()
      void pair.client.open().write(new Uint8Array(700).fill(9))
      pair.run()
      pair.client.core.command({ type: 'go-away', code: 'connection/shutdown' }, pair.now, pair.client.out)
      pair.server.feed(pair.client.out.takeWritten())
    }),
    ...record('many small writes', pair => {
      const streams = [pair.client.open(), pair.client.open()]
      for (let round = 0; round < 4; round++) {
        for (const stream of streams) void stream.write(utf8(`round ${round}`))
        pair.run()
        for (const stream of pair.server.opened) void stream.write(readAll(stream))
      }
      for (const stream of streams) void stream.close()
    })
  ]
}

/** Long conversations, with windows that fill and grow: too long for every split, good for random ones. */
export function longSessions (): Session[] {
  return record('a bulk transfer', pair => {
    const random = new SeededRandom(5)
    const streams = [pair.client.open(), pair.client.open()]
    for (const stream of streams) void stream.write(new Uint8Array(900_000).fill(1 + random.int(200)))
    pair.latencyMs = 1
    pair.run(() => { for (const stream of pair.server.opened) readAll(stream) })
    for (const stream of streams) void stream.close()
  })
}

/** Feeds a fresh core that does nothing by itself, and says all that can be seen of it. */
export function observeYamux (session: Session, split: readonly Uint8Array[]): string {
  const end = new YamuxEnd(session.client)
  // Ids that the recorded client opened itself.
  for (let i = 0; i < 4; i++) end.open()
  end.flush()
  const events: string[] = []
  // In memory of its own each: what is fed belongs to the core.
  for (const piece of split) {
    end.feed(piece.slice())
    events.push(...end.out.takeEvents().map(plainEvent))
  }
  const streams = [...new Set([...end.opened, ...end.core.inspect().map(({ buffer }) => buffer)])].map(stream => ({
    id: stream.id, bytes: hex(readAll(stream)), ended: stream.remoteEnded, reset: stream.resetBy
  }))
  const { failure } = end.out
  const written = end.core.failed === undefined ? end.flush() : framesOf(end.out.takeWritten())
  return JSON.stringify({ events, streams, failure, written: written.map(describeHeader) })
}

function plainEvent (event: MuxerEvent): string {
  return event.type === 'stream.opened' ? `opened ${event.handle.id}` : JSON.stringify(event)
}

/** A session with one more frame, so that a truncated one can be told from a whole one. */
export const tail = encodeFrame(PING, SYN, 0, 77)
