import { createRequire } from 'node:module'

/** What this program calls itself to others: `troupe/0.1.0`. */
// By the package's own name: the path to package.json differs between the published and the tests' build.
export const agentVersion = `troupe/${(createRequire(import.meta.url)('troupe/package.json') as { readonly version: string }).version}`
