// An environment in which programs cannot be found, whatever is installed.
import { copyFileSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * Makes a folder for each on the PATH, with links to all that is there except programs whose names begin with one
 * of `hidden`. Node is a copy: package managers put the folder of the real one on the PATH, where others may be.
 *
 * @returns the environment whose PATH is those folders
 */
export function environmentWithout(hidden, folder) {
  const own = join(folder, 'node')
  mkdirSync(own, { recursive: true })
  copyFileSync(process.execPath, join(own, 'node'))
  const folders = process.env.PATH.split(delimiter).filter(existsSync)
  const links = folders.map((directory, i) => {
    const linked = join(folder, String(i))
    mkdirSync(linked)
    for (const name of readdirSync(directory)) {
      if (name === 'node' || hidden.some((prefix) => name.startsWith(prefix))) continue
      symlinkSync(join(directory, name), join(linked, name))
    }
    return linked
  })
  return { ...process.env, PATH: [own, ...links].join(delimiter) }
}
