import type {
  FillOptions,
  InvalidateOptions,
  Lease,
  Leased,
  LeaseMethods,
  LeaseOptions,
} from '../lease-methods.ts'
import type { CommandOptions, Key } from '../memcache-client.ts'
import { fill, invalidate, lease, release } from './leases.ts'
import { MetaCommandClient } from './meta-command-client.ts'
import { CALL_OPTIONS, checkCallOptions } from './options.ts'
import { rejecting } from './rejecting.ts'
import { type CommandClientEvents, checkOptions } from './server-command-client.ts'

/** The leases of one server, over whatever carries commands there. */
export abstract class LeaseCommandClient<
    V,
    E extends Record<keyof E, unknown[]> & CommandClientEvents,
  >
  extends MetaCommandClient<V, E>
  implements LeaseMethods<V>
{
  lease<T = V>(key: Key, options: LeaseOptions): Promise<Leased<T>> {
    return rejecting(() => {
      checkCallOptions(options, CALL_OPTIONS.lease)
      return lease(this.runner, key, options) as Promise<Leased<unknown>> as Promise<Leased<T>>
    })
  }

  async fill(
    lease: Lease,
    value: NoInfer<V> | undefined,
    options?: FillOptions,
  ): Promise<boolean | undefined> {
    checkOptions(options, 'fill')
    return fill(this.runner, lease, value, options)
  }

  async release(lease: Lease, options?: CommandOptions): Promise<boolean | undefined> {
    checkOptions(options, 'command')
    return release(this.runner, lease, options)
  }

  async invalidate(key: Key, options?: InvalidateOptions): Promise<boolean> {
    checkOptions(options, 'invalidate')
    return invalidate(this.runner, key, options)
  }
}
