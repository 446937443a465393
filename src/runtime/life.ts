import type { ActorStatus } from './context.js'

/** The life of a cell, in order: `status >= ending` means that it takes nothing any more. */
export const starting = 0
export const running = 1
export const stopping = 2
export const ending = 3
export const down = 4
export const statusNames: readonly ActorStatus[] = ['starting', 'running', 'stopping', 'ending', 'down']
