// The recipe for Next in an application of its own: built and served, and reloaded as one develops.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Client } from '../packages/client/dist/index.js'
import { MemcachedServer } from '../packages/testing/dist/index.js'
import { root, run } from './packing.mjs'

const PACKAGES = [
  'next@16.4.6',
  'react@19.3.1',
  'react-dom@19.3.1',
  'typescript@6.0.3',
  '@types/react@19',
]
const NEXT = 'node_modules/next/dist/bin/next'

/** @param folder - a project that has `@mc/client` */
export async function checkNext(folder, install) {
  process.env.NEXT_TELEMETRY_DISABLED = '1'
  run(folder, ...install, ...PACKAGES)
  const server = await MemcachedServer.start()
  const page = readFileSync(join(root, 'docs/recipes/frameworks.md'), 'utf8')
  for (const [, name, code] of page.matchAll(/^```(?:mjs|ts)\n\/\/ (\S+)\n(.*?)^```$/gms)) {
    mkdirSync(join(folder, dirname(name)), { recursive: true })
    writeFileSync(join(folder, name), code.replace('localhost:11211', server.name))
  }
  run(folder, process.execPath, NEXT, 'build')
  let visits = 0
  const visit = async (port) => {
    const answer = await (await fetch(`http://127.0.0.1:${port}/visits`)).json()
    if (answer.visits !== ++visits) throw new Error(`visit ${visits}: ${JSON.stringify(answer)}`)
  }
  await serving(folder, 'start', async (port) => {
    await visit(port)
    await visit(port)
  })
  await serving(folder, 'dev', async (port, said) => {
    await visit(port)
    appendFileSync(join(folder, 'cache.ts'), "\nconsole.log('loaded anew')\n")
    while (!said.join('').includes('loaded anew')) await visit(port)
    await visit(port)
    const client = new Client(server.name)
    const connections = (await client.stats()).curr_connections - 1
    await client.close()
    if (connections !== 1) throw new Error(`reloaded, the module has ${connections} connections`)
  })
  await server.stop()
  console.log('Next: the recipe is built, served, and reloaded as one develops')
}

/** Runs a command of Next that serves, for as long as `use` takes with its port. */
async function serving(folder, command, use) {
  const child = spawn(process.execPath, [NEXT, command, '-p', '0'], { cwd: folder })
  const exit = once(child, 'exit')
  const said = []
  try {
    const port = await new Promise((resolve, reject) => {
      child.once('exit', () => reject(new Error(`next ${command} ended:\n${said.join('')}`)))
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (text) => {
          said.push(text)
          const [, found] = /localhost:(\d+)/.exec(said.join('')) ?? []
          if (found !== undefined) resolve(found)
        })
      }
    })
    await use(port, said)
  } finally {
    child.kill()
    await exit
  }
}
