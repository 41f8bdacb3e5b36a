import { type Hasher, KetamaHash, ModuloHash, RendezvousHash } from '@mc/hash'
import { PythonMemcachedHash } from './python-memcached-hash.ts'

export type HasherName = 'rendezvous' | 'ketama' | 'hashring' | 'modulo' | 'python-memcached'

/** Ways to place keys, by the word that chooses them. */
export const HASHERS: Readonly<Record<HasherName, () => Hasher>> = {
  rendezvous: () => new RendezvousHash(),
  ketama: () => new KetamaHash(),
  hashring: () => new KetamaHash({ ring: 'hashring' }),
  modulo: () => new ModuloHash(),
  'python-memcached': () => new PythonMemcachedHash(),
}

/** A hasher over these nodes. */
export function hasherOf(name: HasherName, nodes: Iterable<string>): Hasher {
  const hasher = HASHERS[name]()
  for (const node of nodes) hasher.addNode(node)
  return hasher
}
