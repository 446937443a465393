import type { NodeOptions } from '../index.js'
import { Misuse } from './command.js'

/**
 * What the nodes of all commands have in common: `--log`, without which the environment decides; and that an error which escapes
 * a handler ends its stream and not the command.
 *
 * @throws Misuse
 */
export function nodeOptions (log: string | undefined): Pick<NodeOptions, 'containUncaught' | 'log'> {
  if (log === undefined) return { containUncaught: true }
  if (log.trim() === '') throw new Misuse('--log must be a level or actor:level pairs, such as debug or dialer:trace')
  return { containUncaught: true, log: { filter: log } }
}
