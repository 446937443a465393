/** The IP addresses of this machine, as of now: loopback and link-local ones too, those without a zone. */
import { networkInterfaces } from 'node:os'

export function interfaceAddresses (): readonly string[] {
  return Object.values(networkInterfaces()).flatMap(addresses => (addresses ?? []).map(({ address }) => address))
}
