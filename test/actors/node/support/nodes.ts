/** Real nodes on the loopback interface, for tests; stopped by `stopAll`. */
import { createNode, type Node, type NodeOptions } from '../../../../src/index.js'

const running: Node[] = []

export async function node (options: NodeOptions = {}): Promise<Node> {
  const one = await createNode({ log: { level: 'off' }, ...options })
  running.push(one)
  return one
}

export async function stopAll (): Promise<void> {
  await Promise.all(running.splice(0).map(one => one.stop()))
}

/** The code of the error that a promise is rejected with. */
export async function codeOf (promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    return (error as { readonly code?: string }).code ?? `no code: ${String(error)}`
  }
  return 'no error'
}

/** Resolves with the first event of that name whose detail fits. */
export function next<N extends Parameters<Node['addEventListener']>[0]> (of: Node, name: N, fits: (detail: unknown) => boolean = () => true): Promise<unknown> {
  return new Promise(resolve => {
    const hear = (event: { readonly detail: unknown }): void => {
      if (!fits(event.detail)) return
      of.removeEventListener(name, hear)
      resolve(event.detail)
    }
    of.addEventListener(name, hear)
  })
}
