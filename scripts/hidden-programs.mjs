// An environment in which programs cannot be found, whatever is installed.
import { copyFileSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * Makes a folder with links to all that is on the PATH, except programs whose names begin with one of `hidden`.
 * Node is a copy: package managers put the folder of the real one on the PATH, where others may be.
 *
 * @returns the environment whose PATH is that folder
 */
export function environmentWithout(hidden, folder) {
  mkdirSync(folder, { recursive: true })
  copyFileSync(process.execPath, join(folder, 'node'))
  for (const directory of process.env.PATH.split(delimiter).filter(existsSync)) {
    for (const name of readdirSync(directory)) {
      const link = join(folder, name)
      if (hidden.some((prefix) => name.startsWith(prefix)) || existsSync(link)) continue
      symlinkSync(join(directory, name), link)
    }
  }
  return { ...process.env, PATH: folder }
}
