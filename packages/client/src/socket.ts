import type { OnReadOpts, Socket } from 'node:net'
import type { Address } from '@mc/protocol'
import type { ConnectionSettings } from './options.ts'

const READ_BUFFER_SIZE = 64 * 1024

/** Replies that lie whole in the buffer are read where they are: large values come a third faster or more. */
const LARGE_READ_BUFFER_SIZE = 512 * 1024

/** Large values follow each other into the kernel without waiting for room at every one. */
const WRITE_BUFFER_SIZE = 1024 * 1024

/** Loaded where it is used, as `node:tls` is: a program that has not connected yet starts sooner. */
export function net(): typeof import('node:net') {
  return process.getBuiltinModule('node:net')
}

/**
 * Starts a connection over TCP, a Unix socket or TLS. Names are looked up anew each time and every
 * address they have is tried. What arrives is handed over in one buffer that is used again and again.
 * Options that Node refuses, such as a key that cannot be read, fail it like any other reason.
 */
export function openSocket(
  address: Address,
  settings: ConnectionSettings,
  receive: (chunk: Buffer) => void,
): Socket {
  const streams = { onread: readInto(receive), writableHighWaterMark: WRITE_BUFFER_SIZE }
  const { keepAlive, noDelay, tls } = settings
  const target =
    'path' in address
      ? { path: address.path, ...streams }
      : {
          host: address.host,
          port: address.port,
          noDelay,
          keepAlive: keepAlive !== false,
          keepAliveInitialDelay: keepAlive === false ? 0 : keepAlive,
          ...streams,
        }
  const { connect: connectTcp, isIP, Socket } = net()
  try {
    if (tls === undefined) return connectTcp(target)
    const servername = 'host' in address && isIP(address.host) === 0 ? address.host : undefined
    const { connect } = process.getBuiltinModule('node:tls')
    return connect({ ...(servername !== undefined && { servername }), ...target, ...tls })
  } catch (error) {
    return new Socket().destroy(error as Error)
  }
}

/** Reads into one buffer; into a large one once a read has filled that. */
function readInto(receive: (chunk: Buffer) => void): OnReadOpts {
  let buffer = Buffer.allocUnsafeSlow(READ_BUFFER_SIZE)
  let isFilled = false
  return {
    buffer() {
      if (isFilled && buffer.length < LARGE_READ_BUFFER_SIZE) {
        buffer = Buffer.allocUnsafeSlow(LARGE_READ_BUFFER_SIZE)
      }
      return buffer
    },
    callback(size) {
      isFilled = size === buffer.length
      receive(buffer.subarray(0, size))
      return true
    },
  }
}

/** The event by which a socket says that it is ready for use. */
export function readyEvent(settings: ConnectionSettings): 'connect' | 'secureConnect' {
  return settings.tls === undefined ? 'connect' : 'secureConnect'
}

/** What a TLS socket of Node keeps of the TCP connection below it. */
interface TcpHandle {
  close(done?: () => void): void
  reset?(done?: () => void): number
}

/**
 * Ends a connection so that the kernel forgets what it has not delivered yet. A socket that is still
 * connecting has delivered nothing, and a Unix socket delivers at once: they are closed.
 */
export function resetSocket(socket: Socket): void {
  if (socket.connecting) {
    socket.destroy()
    return
  }
  // Node resets no TLS socket; its `destroy` ends in a close of the TCP handle.
  const tcp = (socket as { _handle?: { _parent?: TcpHandle } | null })._handle?._parent
  if (typeof tcp?.reset === 'function') {
    tcp.close = (done) => void tcp.reset?.(done)
    socket.destroy()
    return
  }
  try {
    socket.resetAndDestroy()
  } catch {
    socket.destroy()
  }
}
