/**
 * The tasks and resources of an actor: what must be given back when it ends. Most actors hold one of each or none, so they stand in
 * the cell itself, where a record with lists of one would take four times as much.
 */
import type { Account } from './account.js'
import type { CrashPoint } from './exit.js'
import { allOf, itself, oneOf, withOne, withoutOne, type Few } from './few.js'
import type { Kernel } from './kernel.js'
import { disposeQuietly } from './message.js'
import type { Task } from './task.js'

/** Whoever holds something. A cell, to everybody else. */
export interface Holder {
  readonly kernel: Kernel
  readonly account: Account
  tasks: Few<Task<unknown>, Task<unknown>>
  resources: Disposable | Resources | null
  lateError (error: unknown, at: CrashPoint): void
}

/** More resources than one, oldest first. */
export class Resources {
  list: Disposable[]

  constructor (...list: Disposable[]) {
    this.list = list
  }
}

// ---------------------------------------------------------------- tasks

export function addTask (holder: Holder, task: Task<unknown>): void {
  holder.tasks = withOne(holder.tasks, task, itself)
  holder.kernel.liveTasks++
}

/** It is settled and handled, or cancelled. */
export function removeTask (holder: Holder, task: Task<unknown>): void {
  if (oneOf(holder.tasks, task, itself) === undefined) return
  holder.tasks = withoutOne(holder.tasks, task, itself)
  holder.kernel.liveTasks--
  holder.account.release('tasks', 1)
}

// ---------------------------------------------------------------- resources

export function addResource (holder: Holder, resource: Disposable): void {
  const { resources } = holder
  if (resources === null) holder.resources = resource
  else if (resources instanceof Resources) lengthen(resources, resource)
  else holder.resources = new Resources(resources, resource)
  holder.kernel.liveResources++
}

/** `push` makes room for 17 more, and most actors that have several have three. */
function lengthen (resources: Resources, resource: Disposable): void {
  if (resources.list.length < 8) resources.list = resources.list.concat([resource])
  else resources.list.push(resource)
}

export function removeResource (holder: Holder, resource: Disposable): boolean {
  const { resources } = holder
  if (resources instanceof Resources) {
    const at = resources.list.lastIndexOf(resource)
    if (at < 0) return false
    resources.list.splice(at, 1)
    if (resources.list.length === 0) holder.resources = null
  } else {
    if (resources !== resource) return false
    holder.resources = null
  }
  holder.kernel.liveResources--
  holder.account.release('handles', 1)
  return true
}

/** Oldest first. */
export function resourcesOf ({ resources }: Pick<Holder, 'resources'>): readonly Disposable[] {
  if (resources === null) return []
  return resources instanceof Resources ? resources.list : [resources]
}

// ---------------------------------------------------------------- the end

/** Step 4 of the crash order, first half: tasks cancelled, resources disposed, last in first out. */
export function releaseHoldings (holder: Holder): void {
  if (holder.tasks !== null) for (const task of allOf(holder.tasks).toReversed()) task.cancel()
  for (let resource = resourcesOf(holder).at(-1); resource !== undefined; resource = resourcesOf(holder).at(-1)) {
    // Off the list first: a disposer that comes back to this actor must not find it there again.
    removeResource(holder, resource)
    const error = disposeQuietly(resource)
    if (error !== undefined) holder.lateError(error, 'stop')
  }
}
