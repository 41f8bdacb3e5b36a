import { type Address, addressName } from '../address.ts'
import { mustBe } from '../check.ts'

/** What a server is called: by its own name, if it has one, else by its address. @throws TypeError for an invalid name */
export function serverNameOf(address: Address, name: string | undefined): string {
  if (name === undefined) return addressName(address)
  if (typeof name !== 'string' || name === '') mustBe('serverName', 'a non-empty string', name)
  return name
}
