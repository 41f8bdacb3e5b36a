import { connect } from 'node:net'

const CRLF = '\r\n'

/** What a floor is called among the clients: this and its request. */
export const FLOOR = 'floor '

/**
 * What the floor is measured with: a request of the meta or of the text dialect, those of many for 100 keys; or
 * reading one value without a server.
 */
export type FloorCommand =
  | 'mg'
  | 'get'
  | 'ms'
  | 'get-many'
  | 'set-many'
  | 'delete-many'
  | 'JSON.parse'

/**
 * The most that one connection of this runtime carries: requests encoded once, replies counted by their
 * bytes. Answers operations per second, for many keys calls per second.
 */
export async function measureFloor(
  server: string,
  command: FloorCommand,
  size: number,
  inFlight: number,
  seconds: number,
): Promise<number> {
  if (command === 'JSON.parse') return measureParse(seconds)
  const [host = '', port = ''] = server.split(':')
  const socket = connect({ host, port: Number(port), noDelay: true })
  const value = 'v'.repeat(size)
  await exchange(socket, `set key 16 0 ${size}${CRLF}${value}${CRLF}`)
  const keys = Array.from({ length: 100 }, () => 'key').join(' ')
  const requests: Record<Exclude<FloorCommand, 'JSON.parse'>, string> = {
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

/** Sends one request; answers the length of its reply, taken to be whole after a pause. */
function exchange(socket: ReturnType<typeof connect>, request: string | Buffer): Promise<number> {
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
