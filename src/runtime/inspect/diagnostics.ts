import { channel } from 'node:diagnostics_channel'

/**
 * Names on Node's own diagnostics channels, for tools that cannot be handed a system: APM agents, test hooks.
 *
 * - `troupe:system:created`: the `System`.
 */
const systemCreated = channel('troupe:system:created')

export function announceSystem (system: object): void {
  if (systemCreated.hasSubscribers) systemCreated.publish(system)
}
