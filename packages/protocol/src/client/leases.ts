import { clock } from '../clock.ts'
import type { Command } from '../command.ts'
import { NO_CAS } from '../commands/item-fields.ts'
import { type ItemState, ItemStateCommand } from '../commands/item-state.ts'
import { LeaseCommand, type LeaseHost, type LeaseRequest } from '../commands/lease.ts'
import { FillCommand, type HeldLease, ReleaseCommand } from '../commands/lease-end.ts'
import { DeleteCommand } from '../commands/line.ts'
import { MetaDeleteCommand } from '../commands/meta-change.ts'
import { ReservedFlags } from '../commands/reserved-flags.ts'
import { StoreCommand } from '../commands/storage.ts'
import { illegalInput, MemcacheUnsupportedError } from '../errors.ts'
import { isPromise, kindOf } from '../foreign.ts'
import { checkCas, checkFlags, checkInteger, toExptime } from '../integer.ts'
import type { WireKey } from '../key.ts'
import type {
  FillOptions,
  InvalidateOptions,
  Lease,
  Leased,
  LeaseOptions,
} from '../lease-methods.ts'
import type { CasToken, CommandOptions, Key } from '../memcache-client.ts'
import type { CommandRunner } from './command-runner.ts'

const THIRTY_DAYS = 2_592_000
const MAX_REFRESH = 2_147_483_646

// Not async: it sits on the hot path.
export function lease<V>(
  runner: CommandRunner<V>,
  key: Key,
  options: LeaseOptions,
): Promise<Leased<V>> {
  const { seconds, refreshWithin = 0 } = options
  checkInteger('seconds', seconds, 1, THIRTY_DAYS)
  checkInteger('refreshWithin', refreshWithin, 0, MAX_REFRESH)
  const wire = runner.keys.encode(key)
  const serde = runner.readingSerde()
  const host = runner.leaseHost
  const request = { key, wire, serde, seconds, refreshWithin, lock: undefined, options, host }
  return runner.run(new LeaseCommand<V>(request), options)
}

/** What the leases of a client need of it. */
export function leaseHost<V>(runner: CommandRunner<V>): LeaseHost<V> {
  return {
    leaseNumbers: runner.leaseNumbers,
    winInText: (request, command) => winInText(runner, request, command),
    onLostWin: ({ wire }, lost, isPlaceholder) => {
      if (!isPlaceholder) runner.returnWin(wire)
      else void release(runner, lost, undefined).catch(() => {})
    },
  }
}

/** In text, whoever adds the lock has won. */
async function winInText<V>(
  runner: CommandRunner<V>,
  request: LeaseRequest<V>,
  command: Command,
): Promise<Leased<V>> {
  const lock = request.lock ?? runner.leaseNumbers.next()
  const { wire, seconds, options } = request
  const step = { ...options, timeout: Math.max(1, command.deadline - clock()) }
  // One round trip for both. Whose lock there is then, its data says.
  const [, leased] = await Promise.all([
    runner.run(new StoreCommand('add', wire, lock, ReservedFlags.lock, seconds), step),
    runner.run(new LeaseCommand<V>({ ...request, lock }), step),
  ])
  return leased
}

/** Stores what the serde makes of the value, if the item is still what the lease saw. */
export async function fill<V>(
  runner: CommandRunner<V>,
  given: Lease,
  value: V | undefined,
  options: FillOptions | undefined,
): Promise<boolean | undefined> {
  const wire = wireOf(runner, given)
  const exptime = toExptime(options?.expire ?? 0, runner.now)
  if (!hasToken(given)) return undefined
  const build = (data: string | Uint8Array, flags: number): FillCommand => {
    const number = runner.leaseNumbers.next()
    return new FillCommand(wire, given, { data, flags: checkFlags(flags), exptime, number })
  }
  const command =
    value === undefined
      ? build('', ReservedFlags.nothing)
      : runner.serializing('fill', given.key, value, build)
  if (!isPromise(command)) return runner.run(command, options)
  const deadline = runner.deadline(options, 'fill')
  const ready = await runner.serialized(command, deadline, 'fill')
  return runner.run(ready, deadline.step(options))
}

/** Deletes the item, if it is still what the lease saw. */
export async function release<V>(
  runner: CommandRunner<V>,
  given: Lease,
  options: CommandOptions | undefined,
): Promise<boolean | undefined> {
  const wire = wireOf(runner, given)
  if (!hasToken(given)) return undefined
  return runner.run(new ReleaseCommand(wire, given, toExptime(-1, runner.now)), options)
}

/** Deletes the item, or with `staleFor` marks it stale, if it is a value. */
export async function invalidate<V>(
  runner: CommandRunner<V>,
  key: Key,
  options: InvalidateOptions | undefined,
): Promise<boolean> {
  const wire = runner.keys.encode(key)
  const staleFor = checkInteger('staleFor', options?.staleFor ?? 0, 0, THIRTY_DAYS)
  if (staleFor === 0) return runner.run(new DeleteCommand(wire), options)
  const deadline = runner.deadline(options, 'invalidate')
  const remove = (): Promise<boolean> => runner.run(new DeleteCommand(wire), deadline.step(options))
  for (;;) {
    let item: ItemState | undefined
    try {
      item = await runner.run(new ItemStateCommand(wire), deadline.step(options))
    } catch (error) {
      if (error instanceof MemcacheUnsupportedError) return remove()
      throw error
    }
    if (item === undefined) return false
    if (item.isPlaceholder) return remove()
    // A second invalidation must not prolong the first.
    const expiry = item.ttl > staleFor ? ` T${staleFor}` : ''
    const mark = new MetaDeleteCommand(wire, ` I${condition(item.cas)}${expiry}`, 'invalidate')
    const isMarked = await runner.run(mark, deadline.step(options))
    if (isMarked !== false) return isMarked === true
  }
}

/**
 * Marks an item stale once more whose win a plain read has taken, so that the next `lease` wins it (LEASES, "md I C of
 * the loser"). Plain reads do not ask for the CAS token that this needs: it would make each of them dearer.
 */
export async function returnWin<V>(runner: CommandRunner<V>, wire: WireKey): Promise<void> {
  try {
    const item = await runner.run(new ItemStateCommand(wire), undefined)
    // Marked stale, a value that was to be refreshed would pass for one that was invalidated.
    if (!item?.isStale) return
    await runner.run(
      new MetaDeleteCommand(wire, ` I${condition(item.cas)}`, 'invalidate'),
      undefined,
    )
  } catch {
    // Whoever waits for the refresh of a stale item in vain loads it: `FetchClient` does.
  }
}

/** The flag for an item of this CAS token; a server started with `-C` has none. */
function condition(cas: CasToken): string {
  return cas === NO_CAS ? '' : ` C${cas}`
}

/** @throws MemcacheIllegalInputError for what is no lease */
export function checkLease(given: Lease): void {
  if (typeof given !== 'object' || given === null || !('origin' in given)) {
    illegalInput(`lease must be what lease() answered, got ${kindOf(given)}`)
  }
}

function wireOf<V>(runner: CommandRunner<V>, given: Lease): WireKey {
  checkLease(given)
  if (given.cas !== undefined) checkCas(given.cas)
  return runner.keys.encode(given.key)
}

function hasToken(given: Lease): given is HeldLease {
  return given.cas !== undefined
}
