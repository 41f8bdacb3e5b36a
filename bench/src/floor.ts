import { connect, type Socket } from 'node:net'
import { jsonValue, NAMES } from './items.ts'

const CRLF = '\r\n'
const STORED = 'STORED\r\n'.length

/** What a floor is called among the clients: this and its request. */
export const FLOOR = 'floor '

/** A request of the meta or of the text dialect, those of many for all keys. */
type Request = 'mg' | 'get' | 'ms' | 'get-many' | 'set-many' | 'delete-many'

/**
 * What a floor is measured with: a request; `mg` to any of the servers, or on eight connections with one in flight each; the
 * least client, in `least.ts`; or reading one value without a server.
 */
export type FloorCommand = Request | 'mg to any' | 'mg by eight' | 'least' | 'JSON.parse'

/** What is asked for: so many at once of values of so many bytes. */
interface Load {
  readonly size: number
  readonly inFlight: number
  readonly seconds: number
}

/** A floor that needs no client: operations per second, for many keys calls per second. */
export async function measureFloor(
  servers: readonly string[],
  command: Exclude<FloorCommand, 'least'>,
  load: Load,
): Promise<number> {
  const [server = ''] = servers
  switch (command) {
    case 'JSON.parse':
      return measureParse(load.seconds)
    case 'mg to any':
      return measureServers(servers, load)
    case 'mg by eight': {
      const alone = { ...load, inFlight: 1 }
      const each = Array.from({ length: 8 }, () => measureConnection(server, 'mg', alone))
      return (await Promise.all(each)).reduce((sum, speed) => sum + speed, 0)
    }
    default:
      return measureConnection(server, command, load)
  }
}

/** The most that one connection of this runtime carries: requests encoded once, replies counted by their bytes. */
async function measureConnection(
  server: string,
  command: Request,
  { size, inFlight, seconds }: Load,
): Promise<number> {
  const socket = connectTo(server)
  const value = 'v'.repeat(size)
  await store(socket, value)
  const ms = (name: string): string => `ms ${name} ${size} O1 F16${CRLF}${value}${CRLF}`
  const md = (name: string): string => `md other:${name} O1${CRLF}`
  // All of one length, with replies of one length.
  const requests: Record<Request, () => readonly string[]> = {
    mg: () => NAMES.map(mg),
    get: () => NAMES.map((name) => `get ${name}${CRLF}`),
    ms: () => NAMES.slice(0, inFlight).map(ms),
    'get-many': () => [`get ${NAMES.join(' ')}${CRLF}`],
    'set-many': () => [NAMES.map(ms).join('')],
    'delete-many': () => [NAMES.map(md).join('')],
  }
  const all = requests[command]()
  const [first = ''] = all
  const replyLength = await exchange(socket, first)
  const batch = Buffer.from(
    Array.from({ length: inFlight }, (_, i) => all[i % all.length]).join(''),
  )

  return new Promise((resolve) => {
    let bytes = 0
    let done = 0
    const start = performance.now()
    socket.on('data', (chunk) => {
      bytes += chunk.length
      const answered = Math.floor(bytes / replyLength)
      if (answered === 0) return
      bytes -= answered * replyLength
      done += answered
      const elapsed = performance.now() - start
      if (elapsed > seconds * 1000) {
        socket.destroy()
        resolve((done / elapsed) * 1000)
        return
      }
      socket.write(batch.subarray(0, answered * first.length))
    })
    socket.write(batch)
  })
}

/** The same on a connection to each of many servers: each reply is followed by a request to one of them at random. */
async function measureServers(
  servers: readonly string[],
  { size, inFlight, seconds }: Load,
): Promise<number> {
  const sockets = servers.map(connectTo)
  let replyLength = 0
  for (const socket of sockets) {
    await store(socket, 'v'.repeat(size))
    replyLength = await exchange(socket, mg(NAMES[0] as string))
  }
  const asked = Array.from({ length: inFlight }, (_, i) => mg(NAMES[i % NAMES.length] as string))
  const batches = Array.from({ length: inFlight + 1 }, (_, n) =>
    Buffer.from(asked.slice(0, n).join('')),
  )
  return new Promise((resolve) => {
    const due = sockets.map(() => 0)
    let done = 0
    let flushIsDue = false
    const start = performance.now()
    const ask = (count: number): void => {
      for (let i = 0; i < count; i++) (due[Math.floor(Math.random() * due.length)] as number) += 1
      if (flushIsDue) return
      flushIsDue = true
      setImmediate(() => {
        flushIsDue = false
        for (const [i, count] of due.entries()) {
          if (count === 0) continue
          sockets[i]?.write(batches[count] as Buffer)
          due[i] = 0
        }
      })
    }
    for (const socket of sockets) {
      let bytes = 0
      socket.on('data', (chunk) => {
        bytes += chunk.length
        const answered = Math.floor(bytes / replyLength)
        bytes -= answered * replyLength
        done += answered
        const elapsed = performance.now() - start
        if (elapsed < seconds * 1000) {
          ask(answered)
          return
        }
        for (const each of sockets) each.destroy()
        resolve((done / elapsed) * 1000)
      })
    }
    ask(inFlight)
  })
}

/** Parses the value of the workload with JSON. */
function measureParse(seconds: number): number {
  const value = Buffer.from(JSON.stringify(jsonValue(0)))
  const start = performance.now()
  let done = 0
  for (;;) {
    for (let i = 0; i < 1000; i++) JSON.parse(value.toString())
    done += 1000
    const elapsed = performance.now() - start
    if (elapsed > seconds * 1000) return (done / elapsed) * 1000
  }
}

function mg(name: string): string {
  return `mg ${name} v f O1${CRLF}`
}

/** Stores the value under all keys. */
async function store(socket: Socket, value: string): Promise<void> {
  for (const name of NAMES) {
    await exchange(socket, `set ${name} 16 0 ${value.length}${CRLF}${value}${CRLF}`, STORED)
  }
}

function connectTo(server: string): Socket {
  const [host = '', port = ''] = server.split(':')
  return connect({ host, port: Number(port), noDelay: true })
}

/** Sends one request; answers the length of its reply, taken to be whole with its expected length or after a pause. */
function exchange(socket: Socket, request: string, expected = Infinity): Promise<number> {
  return new Promise((resolve) => {
    let length = 0
    let timer: NodeJS.Timeout | undefined
    const end = (): void => {
      socket.off('data', count)
      resolve(length)
    }
    const count = (chunk: Buffer): void => {
      length += chunk.length
      clearTimeout(timer)
      if (length >= expected) end()
      else timer = setTimeout(end, 50)
    }
    socket.on('data', count)
    socket.write(request)
  })
}
