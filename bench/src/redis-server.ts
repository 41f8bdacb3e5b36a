import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/** Starts a redis-server that keeps nothing on disk; `undefined` where it is not installed. */
export async function startRedis(): Promise<
  { name: string; pid: number; stop(): void } | undefined
> {
  const port = await freePort()
  const child = spawn(
    'redis-server',
    ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    { stdio: 'ignore' },
  )
  if (!(await isUp(child, port)) || child.pid === undefined) return undefined
  return { name: `127.0.0.1:${port}`, pid: child.pid, stop: () => child.kill('SIGKILL') }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}

async function isUp(child: ChildProcess, port: number): Promise<boolean> {
  let hasEnded = false
  for (const event of ['error', 'exit']) child.once(event, () => (hasEnded = true))
  while (!hasEnded) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isOpen) return true
    await wait(50)
  }
  return false
}
