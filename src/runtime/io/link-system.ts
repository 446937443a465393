import type { Handles } from '../handles.js'

/** What a link needs of the system that it belongs to: its ledger, and the handle that is being handed over. */
export interface LinkSystem {
  readonly name: string
  readonly handles: Handles
  custody: Disposable | undefined
}
