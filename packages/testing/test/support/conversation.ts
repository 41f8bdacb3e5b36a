import type { TestServer } from '../../src/index.ts'
import { RawConnection } from './raw-connection.ts'

/** What a server answers on a connection of its own. */
export async function ask(
  server: Pick<TestServer, 'name'>,
  bytes: string,
  tls = false,
): Promise<string> {
  const connection = await RawConnection.open(server.name, tls)
  try {
    return await connection.ask(bytes)
  } finally {
    await connection[Symbol.asyncDispose]()
  }
}

/** The statistics of a report. */
export async function statsOf(server: TestServer, report = ''): Promise<Map<string, string>> {
  const answer = await ask(server, `stats${report === '' ? '' : ` ${report}`}\r\n`)
  return new Map(
    [...answer.matchAll(/^STAT (\S+) (.*)\r$/gm)].map(([, name = '', value = '']) => [name, value]),
  )
}
