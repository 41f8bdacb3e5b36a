import { connect, type Socket } from 'node:net'

const CRLF = '\r\n'

/** What a floor is called among the clients: this and its request. */
export const FLOOR = 'floor '

/** A request of the meta or of the text dialect, those of many for 100 keys. */
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
  await exchange(socket, `set key 16 0 ${size}${CRLF}${value}${CRLF}`)
  const keys = Array.from({ length: 100 }, () => 'key').join(' ')
  const requests: Record<Request, string> = {
    mg: `mg key v f O1${CRLF}`,
    get: `get key${CRLF}`,
    ms: `ms key ${size} O1 F16${CRLF}${value}${CRLF}`,
    'get-many': `get ${keys}${CRLF}`,
    'set-many': `ms key ${size} O1 F16${CRLF}${value}${CRLF}`.repeat(100),
    'delete-many': `md other O1${CRLF}`.repeat(100),
  }
  const request = Buffer.from(requests[command])
  const replyLength = await exchange(socket, request)
  const batch = Buffer.concat(Array.from({ length: inFlight }, () => request))

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
      socket.write(batch.subarray(0, answered * request.length))
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
  const request = `mg key v f O1${CRLF}`
  let replyLength = 0
  for (const socket of sockets) {
    await exchange(socket, `set key 16 0 ${size}${CRLF}${'v'.repeat(size)}${CRLF}`)
    replyLength = await exchange(socket, request)
  }
  const batches = Array.from({ length: inFlight + 1 }, (_, n) => Buffer.from(request.repeat(n)))
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

/** An object of 1 KB as JSON. */
export function jsonValue(id: number): { readonly id: number; readonly tags: readonly unknown[] } {
  return { id, tags: Array.from({ length: 30 }, (_, i) => ({ id: i, name: `tag number ${i}` })) }
}

function connectTo(server: string): Socket {
  const [host = '', port = ''] = server.split(':')
  return connect({ host, port: Number(port), noDelay: true })
}

/** Sends one request; answers the length of its reply, taken to be whole after a pause. */
function exchange(socket: Socket, request: string | Buffer): Promise<number> {
  return new Promise((resolve) => {
    let length = 0
    let timer: NodeJS.Timeout | undefined
    const count = (chunk: Buffer): void => {
      length += chunk.length
      clearTimeout(timer)
      timer = setTimeout(() => {
        socket.off('data', count)
        resolve(length)
      }, 50)
    }
    socket.on('data', count)
    socket.write(request)
  })
}
