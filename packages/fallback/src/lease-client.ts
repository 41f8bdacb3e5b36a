import type {
  CommandOptions,
  FillOptions,
  InvalidateOptions,
  Key,
  Lease,
  Leased,
  LeaseMethods,
  LeaseOptions,
} from '@mc/protocol'
import { checkLease } from '@mc/protocol/toolkit'
import { FallbackMetaClient } from './meta-client.ts'

/** The leases of a `FallbackClient`: they are those of the first cache. */
export abstract class FallbackLeaseClient<V>
  extends FallbackMetaClient<V>
  implements LeaseMethods<V>
{
  /** Where the first cache has no item, the winner of its lease gets a fresh item of an older cache in place of the lease. */
  lease<T = V>(key: Key, options: LeaseOptions): Promise<Leased<T>> {
    return this.policies.lease<T>(key, options)
  }

  async fill(
    lease: Lease,
    value: NoInfer<V> | undefined,
    options?: FillOptions,
  ): Promise<boolean | undefined> {
    checkLease(lease)
    return this.policies.store([lease.key], options, (client, { timeout, signal }) =>
      client.fill(lease, value, { ...options, timeout, signal }),
    )
  }

  async release(lease: Lease, options?: CommandOptions): Promise<boolean | undefined> {
    checkLease(lease)
    return this.policies.store([lease.key], options, (client, own) => client.release(lease, own))
  }

  /** In the first cache as asked; from the others it is deleted. */
  async invalidate(key: Key, options: InvalidateOptions = {}): Promise<boolean> {
    const answers = await this.policies.remove(
      () => [key],
      options,
      (client, _, { timeout, signal }) =>
        client.invalidate(
          key,
          this.policies.isFirst(client) ? { ...options, timeout, signal } : { timeout, signal },
        ),
    )
    return answers.includes(true)
  }
}
