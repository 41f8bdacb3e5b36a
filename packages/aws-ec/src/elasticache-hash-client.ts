import type { NativeValue } from '@mc/client'
import { DiscoveringHashClient } from '@mc/hash'

/**
 * A `HashClient` whose servers are the nodes of an ElastiCache cluster, or of another that answers
 * `config get cluster`, and follow its changes: a `DiscoveringHashClient` over `configurationEndpoint('host:port')` or
 * `elastiCacheApi({ … })`.
 *
 * @typeParam V - the values that the serde takes and gives
 */
export class ElastiCacheHashClient<V = NativeValue> extends DiscoveringHashClient<V> {}
