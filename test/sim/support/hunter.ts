/**
 * Knows all living actors of a node by kind, and kills one of a kind: one that lives now, or the next to come, at its birth or
 * at one of its first messages.
 */
import type { Subscription } from 'rxjs'
import type { Node } from '../../../src/index.js'
import type { TreeNode } from '../../../src/runtime/inspect/tree.js'
import type { Random } from '../../../src/runtime/random.js'

export interface Kill {
  readonly kind: string
  readonly path: string
  readonly at: number
}

interface Trap {
  readonly kind: string
  /** Of which actor; the first one that is born, while empty. */
  path: string
  /** Messages that it may still take. */
  left: number
  readonly error: Error
}

export class Hunter {
  /** Kinds that were seen alive at any time. */
  readonly kinds = new Set<string>()
  readonly kills: Kill[] = []
  restarts = 0
  suspensions = 0
  /** What no observer and no actor may ever cause. */
  readonly faults: string[] = []
  private readonly node: Node
  private readonly living = new Map<string, Set<string>>()
  private readonly subscription: Subscription
  private trap: Trap | undefined

  constructor (node: Node) {
    this.node = node
    const root = node.inspect.tree()
    for (const { behavior, path, status } of nodesOf(root)) if (path !== root.path && (status === 'running' || status === 'starting')) this.born(behavior, path)
    const kinds = ['spawned', 'message', 'down', 'restarting', 'suspended', 'crashed', 'late-error', 'observer-removed', 'ended'] as const
    this.subscription = node.inspect.trace({ kinds }).subscribe(record => {
      const { behavior, kind, path } = record
      switch (kind) {
        case 'spawned':
          this.born(behavior, path)
          this.spring(behavior, path, true)
          return
        case 'message': return this.spring(behavior, path, false)
        case 'down':
          this.living.get(behavior)?.delete(path)
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
    this.trap = { kind, path: '', left: messages, error }
  }

  /** Whether a trap waits. */
  get trapped (): boolean {
    return this.trap !== undefined
  }

  /** True when it has sprung. */
  takeTrap (): boolean {
    const { trap } = this
    this.trap = undefined
    return trap === undefined
  }

  /** By kind. */
  counts (): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {}
    for (const { kind } of this.kills) counts[kind] = (counts[kind] ?? 0) + 1
    return counts
  }

  stop (): void {
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
    this.kills.push({ kind, path, at: performance.now() })
    return true
  }

  private born (kind: string, path: string): void {
    this.kinds.add(kind)
    let paths = this.living.get(kind)
    if (paths === undefined) this.living.set(kind, paths = new Set())
    paths.add(path)
  }
}

const none: ReadonlySet<string> = new Set()

export function* nodesOf (top: TreeNode): Generator<TreeNode> {
  yield top
  for (const child of top.children) yield* nodesOf(child)
}
