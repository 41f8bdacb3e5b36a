import {
  type Context,
  type MeterProvider,
  metrics,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import type { Instrumentation, InstrumentationConfig } from '@opentelemetry/instrumentation'
import { recordMetrics } from './metrics.ts'
import { recordSpans } from './spans.ts'
import { version } from './version.ts'
import type { Unsubscribe } from './watch.ts'

/** Options of `MemcacheInstrumentation`. */
export interface MemcacheInstrumentationConfig extends InstrumentationConfig {
  /** Make spans only within other spans, such as that of a request. @default false */
  readonly requireParentSpan?: boolean | undefined
}

/**
 * Spans and metrics of all memcached clients of this process, by OpenTelemetry's conventions for databases: pass it to
 * `registerInstrumentations` or to the `instrumentations` of `NodeSDK`. It patches nothing, so it need not come before
 * the clients are imported.
 *
 * Neither keys nor values are in any of it.
 */
export class MemcacheInstrumentation implements Instrumentation<MemcacheInstrumentationConfig> {
  readonly instrumentationName = '@mc/opentelemetry'
  readonly instrumentationVersion: string = version
  #config: MemcacheInstrumentationConfig
  #tracers: TracerProvider = trace
  #meters: MeterProvider = metrics
  #subscriptions: Unsubscribe[] = []

  /** Subscribes at once, unless `enabled` is false. */
  constructor(config: MemcacheInstrumentationConfig = {}) {
    this.#config = { enabled: true, ...config }
    if (this.#config.enabled) this.enable()
  }

  getConfig(): MemcacheInstrumentationConfig {
    return this.#config
  }

  setConfig(config: MemcacheInstrumentationConfig): void {
    this.#config = { enabled: true, ...config }
    this.#restart()
  }

  setTracerProvider(provider: TracerProvider): void {
    this.#tracers = provider
    this.#restart()
  }

  setMeterProvider(provider: MeterProvider): void {
    this.#meters = provider
    this.#restart()
  }

  /** Starts to record; does nothing if it does already. */
  enable(): void {
    if (this.#subscriptions.length > 0) return
    const { instrumentationName: name, instrumentationVersion: own } = this
    const { requireParentSpan = false } = this.#config
    const contexts = new WeakMap<object, Context>()
    this.#subscriptions = [
      ...recordSpans(this.#tracers.getTracer(name, own), requireParentSpan, contexts),
      ...recordMetrics(this.#meters.getMeter(name, own), contexts),
    ]
  }

  disable(): void {
    for (const unsubscribe of this.#subscriptions.splice(0)) unsubscribe()
  }

  #restart(): void {
    if (this.#subscriptions.length === 0) return
    this.disable()
    this.enable()
  }
}
