import { expect, test } from 'vitest'
import { nodesByName } from '../../src/discovery/named-nodes.ts'

const a = { host: 'a.test', ip: '10.0.0.1', port: 11211 }
const b = { host: 'b.test', ip: 'fd00::2', port: 11212 }

test('nodes are named by host or by IP, as a HashClient names the address', () => {
  expect([...nodesByName([a, b], 'host').keys()]).toEqual(['a.test:11211', 'b.test:11212'])
  expect([...nodesByName([a, b], 'ip').keys()]).toEqual(['10.0.0.1:11211', 'fd00::2:11212'])
})

test('nodes on several ports of one host are several', () => {
  const nodes = nodesByName([a, { ...a, port: 11212 }], 'host')
  expect([...nodes.keys()]).toEqual(['a.test:11211', 'a.test:11212'])
})

test.each([
  ['no nodes', [], 'host', 'the list has no nodes'],
  [
    'a node twice',
    [a, b, { ...a, ip: '10.0.0.9' }],
    'host',
    'the list has node a.test:11211 twice',
  ],
  [
    'two nodes of one name',
    [a, { ...b, ip: a.ip, port: a.port }],
    'ip',
    'has node 10.0.0.1:11211 twice',
  ],
  [
    'a node without IP, to be named by it',
    [{ ...a, ip: undefined }],
    'ip',
    'a.test came without one',
  ],
  ['an IP that is none', [{ ...a, ip: '10.0.0.256' }], 'host', 'node a.test has a bad IP address'],
  ['a host that is none', [{ ...a, host: 'a b' }], 'host', 'bad server address'],
  ['an empty host', [{ ...a, host: '' }], 'host', 'bad server address'],
  [
    'a port that is none',
    [{ ...a, port: 65_536 }],
    'host',
    'port must be an integer from 1 to 65535',
  ],
] as const)('a list with %s is refused', (_, nodes, naming, message) => {
  expect(() => nodesByName(nodes, naming)).toThrow(message)
})
