/** From a crash capsule to the same exception: in a test, under a debugger. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Behavior } from '../behavior/behavior.js'
import { Out } from '../behavior/out.js'
import { checkOptions } from '../errors.js'
import type { Exit } from '../exit.js'
import type { Message } from '../message.js'
import type { System } from '../system.js'
import { readCapsule } from './capsule-file.js'
import type { Capsule } from './capsule.js'
import { ValueReader, type ValueForm } from './capsule-values.js'
import { standIn } from './stand-in.js'

/** A behaviour, whatever its messages: those come from the file. */
export type AnyKind = Pick<Behavior, 'name' | 'handlers'>

export interface ReplayOptions {
  /** Among which is the one that crashed, by its name: its step is done again from the state before, with the message. */
  readonly behaviors?: readonly AnyKind[]
  /** Lives through the same history: whatever made the simulated world, with the seed that it had. */
  readonly scenario?: (seed: number) => Promise<unknown>
  /** As for the capsule: how instances of classes are read. */
  readonly forms?: readonly ValueForm[]
}

/**
 * Makes a crash happen again, by one of two ways: the step that threw, from the state before it; or the whole scenario, from the seed
 * of its simulated world.
 *
 *     it('does not divide by zero any more', () => replay('crashes/crash-1-till.json', { behaviors: [till] }))
 *     it('survives seed 7', () => replay('crashes/crash-2-dial.json', { scenario: seed => story(seed) }))
 *
 * Resolves when nothing is thrown: the bug is gone.
 *
 * @throws (as rejection) the same exception; TypeError for a file that is no capsule, one that cannot be replayed that way, or
 *   for options that do not fit
 */
export async function replay (file: string, options: ReplayOptions): Promise<void> {
  checkOptions('replay', options, ['behaviors', 'scenario', 'forms'])
  const capsule = await readCapsule(file) as Capsule
  if ((capsule as Partial<Capsule> | null)?.capsule !== 1) throw new TypeError(`replay: ${file} is no crash capsule`)
  if (options.scenario !== undefined) return replayScenario(capsule, options.scenario)
  const { behaviors = [], forms = [] } = options
  const behavior = behaviors.find(({ name }) => name === capsule.behavior) as unknown as Behavior<Message, unknown> | undefined
  if (behavior === undefined) throw new TypeError(`replay: option 'behaviors' has no '${capsule.behavior}', which crashed; there are ${behaviors.map(({ name }) => name).join(', ') || 'none'}`)
  replayStep(capsule, behavior, new ValueReader(forms))
}

function replayStep (capsule: Capsule, behavior: Behavior<Message, unknown>, reader: ValueReader): void {
  const { from, input = null, message = null, state = null } = capsule
  const out = new Out()
  out.begin(behavior.handlers)
  if (from === 'start') behavior.initial(reader.read(input), out)
  else if (from === 'step') behavior.step(behavior.restore(reader.read(state)), reader.read(message) as Message, out)
  else throw new TypeError(`replay: ${capsule.path} crashed ${capsule.exit.at ?? ''}, outside of its steps${from === 'seed' ? ': give a scenario' : ', and not in a simulated world: there is nothing to replay it from'}`)
  out.commit(standIn(capsule.path, capsule.atMs))
}

async function replayScenario (capsule: Capsule, scenario: (seed: number) => Promise<unknown>): Promise<void> {
  const { behavior, path, worldSeed } = capsule
  if (worldSeed === undefined) throw new TypeError('replay: the crash was not in a simulated world, so no scenario can have it again')
  let crash: { readonly error: unknown } | undefined
  const listen = (system: unknown): void => {
    (system as System).trace.add((_kind, actor, exit) => {
      if (actor.behavior.name === behavior && actor.path === path) crash ??= { error: (exit as Extract<Exit, { kind: 'crashed' }>).error }
    }, ['crashed'])
  }
  subscribe('troupe:system:created', listen)
  try {
    await scenario(worldSeed)
  } catch (error) {
    // It may well fail because of the crash, which says more.
    if (crash === undefined) throw error
  } finally {
    unsubscribe('troupe:system:created', listen)
  }
  if (crash !== undefined) throw crash.error
}
