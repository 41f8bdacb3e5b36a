import type { Address } from '@mc/protocol'
import { localKind } from './local-addresses.ts'
import type { DiscoverySource } from './source.ts'

/** Whether a node may be connected to. */
export type AllowNode = (host: string, port: number) => boolean

/**
 * Refuses a list with a node that must not be connected to. Otherwise whoever can change the list could have the
 * password sent anywhere.
 *
 * @param allowNode - in place of the rule that nodes are local only where the source's endpoint is
 * @throws Error that names the node
 */
export function checkNode(
  address: Address,
  source: DiscoverySource,
  allowNode: AllowNode | undefined,
): void {
  if ('path' in address) return
  const { host, port } = address
  const shown = `node ${host.slice(0, 80)}:${port}`
  if (allowNode !== undefined) {
    // A promise, for instance, does not permit.
    if (allowNode(host, port) !== true) throw new Error(`${shown} is refused by allowNode`)
    return
  }
  const kind = localKind(host)
  if (kind === undefined) return
  if (source.endpoint !== undefined && localKind(source.endpoint.host) === kind) return
  throw new Error(
    `${shown} has a ${kind} address, which is allowed only where the endpoint has one; allowNode can permit it`,
  )
}
