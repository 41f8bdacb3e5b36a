import 'reflect-metadata'
import { CACHE_MANAGER, type Cache, CacheInterceptor, CacheModule } from '@nestjs/cache-manager'
import { Controller, Get, Inject, Module, Param, Put, Query, UseInterceptors } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { Keyv } from 'keyv'
import { onTestFinished } from 'vitest'
import type { KeyvMemcache } from '../../src/keyv/index.ts'

class Things {
  readonly #cache: Cache
  #handled = 0

  constructor(cache: Cache) {
    this.#cache = cache
  }

  async read(key: string): Promise<object> {
    return { value: (await this.#cache.get(key)) ?? null }
  }

  async write(key: string, value: string): Promise<void> {
    await this.#cache.set(key, value, 60_000)
  }

  /** Behind the interceptor; says how often it ran. */
  slow(): object {
    return { handled: ++this.#handled }
  }
}

// Decorators as functions: Node runs TypeScript without them.
Inject(CACHE_MANAGER)(Things, undefined, 0)
for (const [name, decorators] of Object.entries({
  read: [Get('things/:key')],
  write: [Put('things/:key')],
  slow: [Get('slow'), UseInterceptors(CacheInterceptor)],
})) {
  const method = Object.getOwnPropertyDescriptor(Things.prototype, name) as PropertyDescriptor
  for (const decorate of decorators) decorate(Things.prototype, name, method)
}
Param('key')(Things.prototype, 'read', 0)
Param('key')(Things.prototype, 'write', 0)
Query('value')(Things.prototype, 'write', 1)
Controller()(Things)

/** A Nest application on a cache, which listens until the test ends. */
export async function nestApplication(store: KeyvMemcache) {
  class App {}
  const keyv = new Keyv({ store, namespace: 'nest' })
  const errors: Error[] = []
  keyv.on('error', (error) => errors.push(error))
  const cache = CacheModule.register({ stores: [keyv], ttl: 60_000 })
  Module({ imports: [cache], controllers: [Things] })(App)
  const app = await NestFactory.create(App, { logger: false })
  onTestFinished(() => app.close())
  await app.listen(0, '127.0.0.1')
  const url = await app.getUrl()
  const get = async (path: string) => (await fetch(url + path)).json()
  const put = async (path: string) => (await fetch(url + path, { method: 'PUT' })).status
  return { get, put, errors }
}
