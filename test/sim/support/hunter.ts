/**
 * Knows all living actors of a node by kind, and kills one of a kind: one that lives now, or the next to come, at its birth or
 * at one of its first messages.
 */
import type { Subscription } from 'rxjs'
import type { Node } from '../../../src/index.js'
import { exitText } from '../../../src/runtime/inspect/explain.js'
import type { PlainExit } from '../../../src/runtime/inspect/plain.js'
import type { TreeNode } from '../../../src/runtime/inspect/tree.js'
import type { Random } from '../../../src/runtime/random.js'
import { clock } from './turns.js'

export interface Kill {
  readonly kind: string
  readonly path: string
  readonly at: number
}

/** An actor that has ended. */
export interface End {
  readonly path: string
  readonly at: number
  readonly text: string
}

interface Trap {
  readonly kind: string
  /** Of which actor; the first one that is born, while empty. */
  path: string
  /** Messages that it may take, and how many of them are left. */
  messages: number
  left: number
  readonly error: Error
}

export class Hunter {
  /** Kinds that were seen alive at any time. */
  readonly kinds = new Set<string>()
  readonly kills: Kill[] = []
  /** Of connections and their supervisors of streams, the last ones: what a stream that is lost may have ended with. */
  readonly ends: End[] = []
  restarts = 0
  suspensions = 0
  /** What no observer and no actor may ever cause. */
  readonly faults: string[] = []
  private readonly node: Node
  private readonly living = new Map<string, Set<string>>()
  private readonly subscription: Subscription
  /** While a trap waits: each message makes a record, which is too dear for all the time. */
  private messages: Subscription | undefined
  private trap: Trap | undefined

  constructor (node: Node) {
    this.node = node
    const root = node.inspect.tree()
    for (const { behavior, path, status } of nodesOf(root)) if (path !== root.path && (status === 'running' || status === 'starting')) this.born(behavior, path)
    const kinds = ['spawned', 'down', 'restarting', 'suspended', 'crashed', 'late-error', 'observer-removed', 'ended'] as const
    this.subscription = node.inspect.trace({ kinds }).subscribe(record => {
      const { behavior, exit, kind, path } = record
      switch (kind) {
        case 'spawned':
          this.born(behavior, path)
          this.spring(behavior, path, true)
          return
        case 'down':
          this.living.get(behavior)?.delete(path)
          if (this.trap?.path === path) {
            // It took fewer messages than that: the next one is to die a message earlier.
            this.trap.path = ''
            this.trap.left = --this.trap.messages
          }
          if (exit !== undefined && (behavior === 'connection' || behavior === 'streams')) this.ended(path, exit)
          return
        case 'restarting':
          this.restarts++
          return
        case 'suspended':
          this.suspensions++
          return
        default:
          this.faults.push(`${kind} of ${path}: ${JSON.stringify(record.error ?? record.exit)}`)
      }
    })
  }

  alive (kind: string): ReadonlySet<string> {
    return this.living.get(kind) ?? none
  }

  /** Kills one that lives now; false when there is none. */
  killOne (kind: string, random: Random, error: Error): boolean {
    const paths = [...this.alive(kind)]
    const path = paths[random.int(paths.length)]
    return path !== undefined && this.kill(kind, path, error)
  }

  /** The next that is born dies at its birth, or before one of its messages. */
  setTrap (kind: string, messages: number, error: Error): void {
    this.trap = { kind, path: '', messages, left: messages, error }
    this.messages ??= this.node.inspect.trace({ kinds: ['message'] }).subscribe(({ behavior, path }) => { this.spring(behavior, path, false) })
  }

  /** The kind for which a trap waits; empty when none does. */
  get trapped (): string {
    return this.trap?.kind ?? ''
  }

  /** True when it has sprung. */
  takeTrap (): boolean {
    const { trap } = this
    this.trap = undefined
    this.messages?.unsubscribe()
    this.messages = undefined
    return trap === undefined
  }

  /** By kind. */
  counts (): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {}
    for (const { kind } of this.kills) counts[kind] = (counts[kind] ?? 0) + 1
    return counts
  }

  stop (): void {
    this.takeTrap()
    this.subscription.unsubscribe()
  }

  private spring (kind: string, path: string, birth: boolean): void {
    const { trap } = this
    if (trap === undefined || trap.kind !== kind) return
    if (birth && trap.path === '') trap.path = path
    if (trap.path !== path) return
    if (trap.left-- > 0) return
    if (this.kill(kind, path, trap.error)) this.trap = undefined
  }

  private kill (kind: string, path: string, error: Error): boolean {
    try {
      this.node.inspect.kill(path, error)
    } catch {
      // It has just ended by itself.
      return false
    }
    this.kills.push({ kind, path, at: clock() })
    return true
  }

  private ended (path: string, exit: PlainExit): void {
    this.ends.push({ path, at: clock(), text: exitText(exit) })
    if (this.ends.length > 2 * mostEnds) this.ends.splice(0, mostEnds)
  }

  private born (kind: string, path: string): void {
    this.kinds.add(kind)
    let paths = this.living.get(kind)
    if (paths === undefined) this.living.set(kind, paths = new Set())
    paths.add(path)
  }
}

/** Ends that are remembered. */
const mostEnds = 2000

const none: ReadonlySet<string> = new Set()

export function* nodesOf (top: TreeNode): Generator<TreeNode> {
  yield top
  for (const child of top.children) yield* nodesOf(child)
}
