/** Front door of simulated nodes: for tests, with virtual time and one seed. */
export type { TestNodeOptions } from './actors/node/test-net.js'
export { TestNet } from './actors/node/test-net.js'
export type { SimRecords } from './runtime/sim/sim-dns.js'
export type { SimWorldOptions } from './runtime/sim/sim-world.js'
export type { LinkShape } from './runtime/sim/link-shape.js'
