import { compose } from './compose.js'
import { realEnvironment, type Environment } from './environment.js'
import type { Node } from './node.js'
import { checkNodeOptions, type NodeOptions } from './options.js'

/**
 * Starts a node. With no options it is a sensible one: TCP on a free port of the loopback interface, Noise, Yamux, identify,
 * ping, a fresh identity.
 *
 *     const node = await createNode({ listen: ['/ip4/0.0.0.0/tcp/4001'] })
 *     console.log(node.getMultiaddrs().map(String))
 *     await node.stop()
 *
 * @throws (as rejection) TypeError that names every option that is wrong; NetworkError `listen/...` when it cannot listen
 */
export async function createNode (options: NodeOptions = {}): Promise<Node> {
  return createNodeIn(realEnvironment, options)
}

/** As `createNode`, in a world of one's choice. */
export async function createNodeIn (environment: Environment, options: NodeOptions): Promise<Node> {
  const checked = checkNodeOptions(options)
  const node = await compose(checked, environment)
  try {
    for (const address of checked.listen) await node.listen(address)
  } catch (error) {
    await node.stop()
    throw error
  }
  node.started()
  return node
}
