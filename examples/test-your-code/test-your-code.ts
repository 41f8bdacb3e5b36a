// A service with a cache, tested three ways. Only one of them finds the bug.
import { Prices } from './prices.ts'
import { PricesWithBug } from './prices-with-bug.ts'
import { ways } from './three-ways.ts'

for (const [name, Service] of Object.entries({ 'with a bug': PricesWithBug, corrected: Prices })) {
  console.log(`The service, ${name}`)
  for (const [way, run] of Object.entries(ways)) {
    const outcome = await run(Service).then(
      () => 'passes',
      (error: Error) => `fails: ${error.message.split('\n')[0]}`,
    )
    console.log(`  ${way.padEnd(24)} ${outcome}`)
  }
}
