import type { LogOptions } from '../index.js'
import { Misuse } from './command.js'

/** `--log`, as the option of `createNode`; without it the environment decides. @throws Misuse */
export function logOptions (spec: string | undefined): { readonly log?: LogOptions } {
  if (spec === undefined) return {}
  if (spec.trim() === '') throw new Misuse('--log must be a level or actor:level pairs, such as debug or dialer:trace')
  return { log: { filter: spec } }
}
