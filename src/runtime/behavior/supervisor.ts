import { checkSupervision, type Supervision } from '../supervision.js'
import type { Behavior, BehaviorOptions } from './behavior.js'
import { reducer } from './reducer.js'

/** An actor that does nothing but look after its children. */
export function supervisor (name: string, supervision: Supervision, options: Pick<BehaviorOptions, 'stopGraceMs' | 'crashGraceMs'> = {}): Behavior<never> {
  return reducer<never, undefined>({
    name,
    ...options,
    supervision: checkSupervision(name, supervision),
    initial: () => undefined,
    step: state => state
  })
}
