/**
 * `troupe start`: until there is a network to start, a small company of actors, to see what the runtime does. Two clerks
 * take orders, one order is more than the baker can bear, his supervisor replaces him, and the grocer never notices.
 */
import { parseArgs } from 'node:util'
import {
  ActorError, child, createSystem, explain, reducer, renderTree, supervisor, type Message, type Out, type ReplyTo, type System
} from '../index.js'

interface Served extends Message { readonly type: 'served', readonly served: number }
interface Order extends Message { readonly type: 'clerk.order', readonly item: string, readonly replyTo: ReplyTo<Served> }

const clerk = reducer({
  name: 'clerk',
  initial: () => ({ served: 0 }),
  step (state, { item, replyTo }: Order, out: Out) {
    if (item === 'the moon') throw new Error('nobody sells the moon')
    const served = state.served + 1
    out.tell(replyTo, { type: 'served', served })
    return { served }
  }
})

export async function start (args: readonly string[]): Promise<number> {
  try {
    parseArgs({ args: [...args], options: {} })
  } catch (error) {
    process.stderr.write(`troupe start: ${error instanceof Error ? error.message : String(error)}\n`)
    return 2
  }

  const system = createSystem({
    name: 'company',
    root: supervisor('company', {
      strategy: 'one-for-one',
      children: [
        child('counter', supervisor('counter', {
          strategy: 'one-for-one',
          children: [child('baker', clerk), child('grocer', clerk)]
        }))
      ]
    }),
    // The crash is part of the show, and told below.
    log: { level: 'off' }
  })
  await system.ready()
  say('There is no network yet. This is the runtime beneath it: a company of actors, each of which may die alone.\n')
  await order(system, 'baker', 'a loaf of bread')
  await order(system, 'grocer', 'an apple')
  show(system)
  await order(system, 'baker', 'the moon')
  await order(system, 'grocer', 'another apple')
  say(`\nWhy did the baker die? ${explain(system.inspect.why('/company/counter/baker'))}\n`)
  await order(system, 'baker', 'a roll')
  show(system)

  await system.stop()
  const { cells, timers, tasks, handles } = system.inspect.ledger()
  say(`Stopped. Left over: ${cells} actors, ${timers} timers, ${tasks} tasks, ${handles} handles.`)
  return 0
}

/** Asks a clerk, and says how it went. */
async function order (system: System, who: string, item: string): Promise<void> {
  const question = (replyTo: ReplyTo<Served>): Order => ({ type: 'clerk.order', item, replyTo })
  try {
    const { served } = await system.ask(system.named<Order>(`/company/counter/${who}`), question)
    say(`The ${who} is asked for ${item}: order ${served} since he came.`)
  } catch (error) {
    say(`The ${who} is asked for ${item}: ${error instanceof ActorError ? error.message : String(error)}.`)
  }
}

function show (system: System): void {
  say(`\n${renderTree(system.inspect.tree())}\n`)
}

function say (line: string): void {
  process.stdout.write(`${line}\n`)
}
