import fc from 'fast-check'
import { CAS_PLACEHOLDER } from './random-commands.ts'

/** What an item under a key can be when a meta command meets it, and the commands that make it so. */
const STATES: Readonly<Record<string, readonly string[]>> = {
  missing: [],
  expired: ['ms %KEY% 1 T-1\r\n5\r\n'],
  'a value for ever': ['ms %KEY% 1 F5\r\n5\r\n'],
  'a value with a time to live': ['ms %KEY% 1 T100\r\n5\r\n'],
  'a value read twice': ['ms %KEY% 1 T100\r\n5\r\n', 'mg %KEY%\r\n', 'mg %KEY%\r\n'],
  'no number': ['set %KEY% 9 100 4\r\ntext\r\n'],
  'an empty value': ['ms %KEY% 0 T100\r\n\r\n'],
  'a padded counter': ['ms %KEY% 2\r\n10\r\n', 'ma %KEY% MD\r\n'],
  'a value under a binary key': ['ms %KEY% 1 b T100\r\n5\r\n'],
  'a placeholder': ['mg %KEY% N100\r\n'],
  'a placeholder under a binary key': ['mg %KEY% b N100\r\n'],
  'a placeholder with a loser': ['mg %KEY% N100\r\n', 'mg %KEY% N100\r\n'],
  'a placeholder invalidated': ['mg %KEY% N100\r\n', 'md %KEY% I\r\n'],
  'a placeholder appended to': ['mg %KEY% N100\r\n', 'append %KEY% 0 0 1\r\n5\r\n'],
  'a placeholder that opaque left unwon': [`mg %KEY% N100 O${'o'.repeat(32)}\r\n`],
  'recached by a winner': ['ms %KEY% 1 T20\r\n5\r\n', 'mg %KEY% R100\r\n'],
  'stale before its winner': ['ms %KEY% 1 T100\r\n5\r\n', 'md %KEY% I T50\r\n'],
  'stale under a binary key': ['ms %KEY% 1 b T100\r\n5\r\n', 'md %KEY% b I\r\n'],
  'stale with a winner': ['ms %KEY% 1\r\n5\r\n', 'md %KEY% I T50\r\n', 'mg %KEY%\r\n'],
  'stale for a second winner': [
    'ms %KEY% 1\r\n5\r\n',
    'md %KEY% I T50\r\n',
    'mg %KEY%\r\n',
    'md %KEY% I T20\r\n',
  ],
  'stale by a late store': ['ms %KEY% 1 T100\r\n5\r\n', 'ms %KEY% 1 I C1\r\n6\r\n'],
  'stale by a late store over a winner': [
    'ms %KEY% 1 T20\r\n5\r\n',
    'mg %KEY% R100\r\n',
    'ms %KEY% 1 I C1\r\n6\r\n',
  ],
  'stale and counted': ['ms %KEY% 1\r\n9\r\n', 'md %KEY% I T50\r\n', 'incr %KEY% 1\r\n'],
  'stale and touched': ['ms %KEY% 1\r\n5\r\n', 'md %KEY% I T50\r\n', 'touch %KEY% 80\r\n'],
}

/** Flags of all meta commands, with what may stand behind them; `%CAS` is the CAS unique of the item. */
export const FLAGS: readonly string[] = [
  ...'vfctsklhuqbIxSPL',
  ...['O1', 'Oabc', 'O', `O${'o'.repeat(31)}`, `O${'o'.repeat(32)}`, 'v1', 'kk', 'P5'],
  ...['T0', 'T60', 'T-1', 'Tx', 'T', 'N0', 'N60', 'N-1', 'Nx', 'R0', 'R30', 'R300', 'R-1', 'Rx'],
  ...['C%CAS+0%', 'C%CAS-1%', 'C%CAS+1%', 'C0', 'C', 'Cx', 'E5', 'F0', 'F7', 'Fx'],
  ...['M', 'ME', 'MA', 'MP', 'MR', 'MS', 'Ma', 'MI', 'M+', 'MD', 'M-', 'MSS'],
  ...['J0', 'J7', 'Jx', 'D0', 'D2', 'D99', 'Dx', '!', '0', '~', '\xe9'],
]

const COMMANDS = ['mg %KEY%', 'ms %KEY% 1', 'md %KEY%', 'ma %KEY%']
const PAYLOADS: Readonly<Record<string, string>> = { ms: '7\r\n' }
/** Sent after each case, so that what it left behind is seen as well. */
const AFTERMATH = [
  ...['me %KEY%\r\n', 'me %KEY% b\r\n', 'get %KEY%\r\n', 'mg %KEY% k v s t c f l h R30\r\n'],
  ...['mg %KEY% b k v s t c f l h\r\n', 'add %KEY% 0 0 1\r\n8\r\n', 'incr %KEY% 1\r\n'],
].join('')

/** A meta command on an item in a certain state. */
export interface MetaCase {
  readonly state: string
  /** With its payload. */
  readonly command: string
}

const statesAndCommands = Object.keys(STATES).flatMap((state) =>
  COMMANDS.map((head) => ({ state, head })),
)

/** Each command with each flag alone and with each two, in either order, on an item in each state. */
export function* casesOfTwoFlags(): Generator<MetaCase> {
  for (const { state, head } of statesAndCommands) {
    yield caseOf(state, head, [])
    for (const first of FLAGS) {
      yield caseOf(state, head, [first])
      for (const second of FLAGS) yield caseOf(state, head, [first, second])
    }
  }
}

/** Any number of flags, most of them of different letters, as a letter twice is refused. */
export const caseOfManyFlags: fc.Arbitrary<MetaCase> = fc
  .tuple(
    fc.constantFrom(...statesAndCommands),
    fc.oneof(
      {
        weight: 9,
        arbitrary: fc.uniqueArray(fc.constantFrom(...FLAGS), {
          selector: (flag) => flag[0],
          maxLength: 8,
        }),
      },
      { weight: 1, arbitrary: fc.array(fc.constantFrom(...FLAGS), { maxLength: 20 }) },
    ),
  )
  .map(([{ state, head }, flags]) => caseOf(state, head, flags))

function caseOf(state: string, head: string, flags: readonly string[]): MetaCase {
  return {
    state,
    command: `${[head, ...flags].join(' ')}\r\n${PAYLOADS[head.slice(0, 2)] ?? ''}`,
  }
}

/** What makes the item, once for each of these cases; each has a key of its own. */
export function setUp(cases: readonly MetaCase[]): string {
  const bytes = cases.map(({ state }, i) => at(i, (STATES[state] ?? []).join('')))
  return SEPARATOR + bytes.join('')
}

/** What shows the CAS uniques of all items, and changes nothing. */
export function look(cases: readonly MetaCase[]): string {
  return cases.map((_, i) => at(i, 'me %KEY%\r\nme %KEY% b\r\n')).join('')
}

/** @param looked - what has been answered to `look` */
export function run(cases: readonly MetaCase[], looked: string): string {
  const lines = looked.split('\r\n')
  return cases
    .map(({ command }, i) => {
      const found = / cas=(\d+)/.exec(`${lines[2 * i]}${lines[2 * i + 1]}`)?.[1] ?? '1'
      const bytes = command.replace(CAS_PLACEHOLDER, (_, offset: string) => {
        return String(Math.max(Number(found) + Number(offset), 0))
      })
      return at(i, `${bytes}${SEPARATOR}`)
    })
    .join('')
}

export function lookAfter(cases: readonly MetaCase[]): string {
  return cases.map((_, i) => at(i, `${AFTERMATH}${SEPARATOR}`)).join('')
}

/** Answers to `run` and `lookAfter` by case. */
export function byCase(answer: string): string[] {
  return answer.split('MN\r\n')
}

const SEPARATOR = 'mn\r\n'

/** A key that is base64 as well. */
function at(index: number, bytes: string): string {
  return bytes.replaceAll('%KEY%', `k${String(index).padStart(7, '0')}`)
}
