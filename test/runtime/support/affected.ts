/**
 * Whom the end of a player can affect, from what the specs declare: itself and all below it, its supervisor, the group that
 * is restarted with it, its watchers, and everybody whom any of these may reach by messages. Whoever is not in the set must
 * not notice.
 */
import { family, type PlayerSpec } from './player-spec.js'
import type { Hit } from './run.js'
import type { Tree } from './tree.js'

export class Influence {
  private readonly players: ReadonlyMap<string, PlayerSpec>
  /** Who hears, at once, of what is different with a player. */
  private readonly edges = new Map<string, Set<string>>()
  /** Those whose end is in somebody's script: when it comes, and how long it takes, depends on all below them. */
  private readonly ending = new Set<PlayerSpec>()

  constructor (tree: Tree) {
    this.players = tree.players
    const listeners = new Map<number, string[]>()
    for (const { listensOn, path } of tree.players.values()) {
      if (listensOn !== null) listeners.set(listensOn, [...listeners.get(listensOn) ?? [], path])
    }
    for (const spec of tree.players.values()) {
      if (spec.passesTo !== null) this.edge(spec.path, spec.passesTo)
      for (const { action } of spec.script) {
        switch (action.do) {
          case 'tell': this.edge(spec.path, action.to)
            break
          case 'ask': case 'connect':
            this.edge(spec.path, action.to)
            this.edge(action.to, spec.path)
            break
          case 'watch': this.edge(action.target, spec.path)
            break
          case 'emit': for (const path of listeners.get(action.bus) ?? []) this.edge(spec.path, path)
            break
          case 'spawn':
            // Its static children are started one after another, while it may hear this and that already.
            for (const { path } of family(action.player)) this.edge(spec.path, path)
            for (const { path } of family(action.player)) this.edge(action.player.path, path)
            break
          case 'stop': case 'kill':
            this.edge(spec.path, action.target)
            this.ending.add(this.players.get(action.target)!)
            break
          case 'done': this.ending.add(spec)
            break
          default:
        }
      }
    }
  }

  /** All paths that what was done can have affected. */
  of (hits: readonly Hit[]): ReadonlySet<string> {
    const affected = new Set<string>()
    const queue: string[] = []
    const add = (path: string): void => {
      if (affected.has(path)) return
      affected.add(path)
      queue.push(path)
    }
    for (const { felt, delayed } of hits) {
      if (felt === null) continue
      for (const { path } of this.endOf(felt)) add(path)
      for (const each of delayed) for (const { path } of family(each)) add(path)
    }
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
      this.edges.get(path)?.forEach(add)
      for (let spec: PlayerSpec | null = this.players.get(path)!; spec !== null; spec = spec.parent) {
        if (this.ending.has(spec)) for (const each of this.endOf(spec)) add(each.path)
      }
    }
    return affected
  }

  /** Those who take part in its end: all below it, its supervisor, and with rest-for-one those that are restarted with it. */
  private* endOf (spec: PlayerSpec): Generator<PlayerSpec> {
    yield* family(spec)
    const { parent } = spec
    if (parent === null || !spec.supervised) return
    yield parent
    if (parent.strategy !== 'rest-for-one') return
    for (const later of parent.children.slice(parent.children.indexOf(spec) + 1)) yield* family(later)
    for (const { action } of parent.script) if (action.do === 'spawn' && action.player.supervised) yield* family(action.player)
  }

  private edge (from: string, to: string): void {
    const known = this.edges.get(from)
    if (known === undefined) this.edges.set(from, new Set([to]))
    else known.add(to)
  }
}
