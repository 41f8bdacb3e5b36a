import { expectTypeOf, it } from 'vitest'
import type { MetaMethods } from '../../src/meta-methods.ts'

declare const client: MetaMethods<string>

interface User {
  readonly name: string
}

// Never run: the compiler checks what the calls answer.
async function calls(wants: boolean): Promise<void> {
  const item = await client.metaGet('k', { value: true, ttl: true })
  if (item !== undefined) {
    expectTypeOf(item.value).toEqualTypeOf<string | undefined>()
    expectTypeOf(item.ttl).toEqualTypeOf<number>()
    expectTypeOf(item.won).toEqualTypeOf<boolean>()
    expectTypeOf(item).not.toHaveProperty('cas')
    expectTypeOf(item).not.toHaveProperty('size')
  }
  const maybe = await client.metaGet('k', { value: wants, cas: false })
  expectTypeOf(maybe?.value).toEqualTypeOf<string | undefined>()
  if (maybe !== undefined) expectTypeOf(maybe).not.toHaveProperty('cas')

  const user = await client.metaGet<User>('k', { value: true })
  expectTypeOf(user?.value).toEqualTypeOf<User | undefined>()

  const unchanged = await client.metaGet('k', { value: true, cas: true, unlessCas: '1' })
  if (unchanged !== undefined) {
    expectTypeOf(unchanged.value).toEqualTypeOf<string | undefined>()
    expectTypeOf(unchanged.cas).toEqualTypeOf<string>()
  }
  // @ts-expect-error a name that there is not
  await client.metaGet('k', { value: true, vaule: true })
  // @ts-expect-error says what to read
  await client.metaGet('k')
  // @ts-expect-error quiet mode is no option
  await client.metaGet('k', { value: true, quiet: true })

  const stored = await client.metaSet('k', 'v')
  if (stored !== undefined && stored !== false) expectTypeOf(stored).not.toHaveProperty('cas')
  const withCas = await client.metaSet('k', 'v', { mode: 'add', cas: true })
  if (withCas) expectTypeOf(withCas.cas).toEqualTypeOf<string>()
  // @ts-expect-error a mode that there is not
  await client.metaSet('k', 'v', { mode: 'upsert' })

  const counter = await client.metaArithmetic('k', { ttl: true })
  if (counter) {
    expectTypeOf(counter.value).toEqualTypeOf<number>()
    expectTypeOf(counter.ttl).toEqualTypeOf<number>()
    expectTypeOf(counter).not.toHaveProperty('cas')
  }
  const big = await client.metaArithmetic('k', { delta: 5n })
  if (big) expectTypeOf(big.value).toEqualTypeOf<bigint>()
}

it('types of the meta commands hold what was asked for, and nothing else', () => {
  expectTypeOf(calls).returns.resolves.toBeVoid()
})
