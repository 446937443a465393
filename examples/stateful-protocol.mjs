// A protocol whose streams have a state: each is a traffic light, an actor that runs a machine.
import { createNode, protocol } from 'troupe'
import { effects, machineBehavior } from 'troupe/runtime'
import { setup } from 'xstate'

const fx = effects({ take: true, say: true, finish: true })
const say = color => ({ type: 'say', params: ({ context }) => ({ stream: context.stream, color }) })

const machine = setup({ actions: { ...fx } }).createMachine({
  context: ({ input }) => ({ stream: input.handle }),
  entry: { type: 'take', params: ({ context }) => context },
  initial: 'red',
  states: {
    red: { entry: say('red'), after: { 100: 'green' } },
    green: { entry: say('green'), after: { 100: 'amber' } },
    amber: { entry: say('amber'), after: { 100: 'off' } },
    off: { entry: { type: 'finish', params: ({ context }) => context }, on: { 'light.over': 'over' } },
    over: { type: 'final' }
  }
})

const light = protocol('/traffic-light/1.0.0', {
  behavior: machineBehavior('light', machine, fx, {
    take: (actor, { stream }) => { actor.own(stream) },
    say: (_actor, { stream, color }) => { void stream.write(new TextEncoder().encode(`${color}\n`)) },
    // Our side ends; the actor waits until the other side has done so too.
    finish (actor, { stream }) {
      const over = () => ({ type: 'light.over' })
      actor.task(async () => { await Promise.all([stream.close(), stream.readAll({ maxBytes: 0 })]) }, { done: over, failed: over })
    }
  })
})

const crossing = await createNode({ protocols: [light] })
const driver = await createNode()
const stream = await driver.dialProtocol(crossing.getMultiaddrs(), light)
await stream.close()
for await (const bytes of stream) console.log(new TextDecoder().decode(bytes).trim()) // red, then green, then amber

await driver.stop()
await crossing.stop()
