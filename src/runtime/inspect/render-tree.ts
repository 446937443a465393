import { checkNumber, checkOptions } from '../errors.js'
import type { Plain } from './plain.js'
import type { TreeNode } from './tree.js'

export interface RenderOptions {
  /** How many children of each actor are shown; the rest is counted. Default 20. */
  readonly children?: number
}

/** Characters of a state that are shown. */
const widestState = 60

/**
 * A tree for people, one line an actor: name, kind where that says more than the name, strategy of a supervisor, state,
 * and whatever is not as it usually is.
 *
 *     node supervisor (one-for-one)
 *     ├─ dialer 3 dials
 *     ├─ relay suspended, 6 starts, again in 59,000 ms
 *     └─ connections (dynamic)
 *        ├─ 17 connection open
 *        ├─ 18 connection closing, stopping, 12 waiting
 *        └─ ... and 9,980 more
 */
export function renderTree (tree: TreeNode, options: RenderOptions = {}): string {
  checkOptions('renderTree', options, ['children'])
  checkNumber('renderTree', 'children', options.children)
  const { children: most = 20 } = options
  const lines: string[] = []
  // Last in, first out, so that children come right after their parent; no recursion, however deep the tree.
  const open: Line[] = [{ text: lineOf(tree), node: tree, before: '', below: '' }]
  for (let line = open.pop(); line !== undefined; line = open.pop()) {
    const { text, node, before, below } = line
    lines.push(before + text)
    if (node === null) continue
    const shown = node.children.slice(0, most)
    const more = node.children.length - shown.length
    const next: Line[] = shown.map((child, i) => {
      const last = i === shown.length - 1 && more === 0
      return { text: lineOf(child), node: child, before: below + (last ? '└─ ' : '├─ '), below: below + (last ? '   ' : '│  ') }
    })
    if (more > 0) next.push({ text: `... and ${grouped(more)} more`, node: null, before: `${below}└─ `, below: '' })
    open.push(...next.reverse())
  }
  return lines.join('\n')
}

interface Line {
  readonly text: string
  readonly node: TreeNode | null
  readonly before: string
  readonly below: string
}

function lineOf ({ name, behavior, strategy, state, status, mailbox, starts, retryInMs }: TreeNode): string {
  const remarks = [
    stateText(state),
    status === 'running' ? '' : status,
    mailbox > 0 ? `${grouped(mailbox)} waiting` : '',
    starts !== undefined && starts > 1 ? `${grouped(starts)} starts` : '',
    retryInMs === undefined ? '' : `again in ${grouped(Math.round(retryInMs))} ms`
  ].filter(remark => remark !== '').join(', ')
  return [name, behavior === name ? '' : behavior, strategy === undefined ? '' : `(${strategy})`, remarks].filter(part => part !== '').join(' ')
}

function stateText (state: Plain): string {
  if (state === null) return ''
  const text = typeof state === 'string' ? state : JSON.stringify(state)
  return text.length <= widestState ? text : `${text.slice(0, widestState)}...`
}

/** `9980` as `9,980`, in every locale. */
export function grouped (whole: number): string {
  return String(whole).replace(/\B(?=(?:\d{3})+$)/g, ',')
}
