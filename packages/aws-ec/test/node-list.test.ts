import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { nodesByName } from '../../hash/src/discovery/named-nodes.ts'
import { parseNodeList } from '../src/node-list.ts'

const parse = (text: string) => parseNodeList(Buffer.from(text))

test('the example of the AWS documentation reads', () => {
  expect(
    parse(
      '12\nmyCluster.pc4ldq.0001.use1.cache.amazonaws.com|10.82.235.120|11211 ' +
        'myCluster.pc4ldq.0002.use1.cache.amazonaws.com|10.80.249.27|11211\n',
    ),
  ).toEqual({
    version: 12,
    nodes: [
      {
        host: 'myCluster.pc4ldq.0001.use1.cache.amazonaws.com',
        ip: '10.82.235.120',
        port: 11211,
      },
      { host: 'myCluster.pc4ldq.0002.use1.cache.amazonaws.com', ip: '10.80.249.27', port: 11211 },
    ],
  })
})

test.each([
  ['an empty IP', 'a.test||11211', { host: 'a.test', ip: undefined, port: 11211 }],
  ['IPv6', 'a.test|fd00::1:2|11211', { host: 'a.test', ip: 'fd00::1:2', port: 11211 }],
  ['an IP for a name', '10.0.0.1|10.0.0.1|1', { host: '10.0.0.1', ip: '10.0.0.1', port: 1 }],
])('a node with %s reads', (_, text, node) => {
  expect(parse(`1\n${text}\n`).nodes).toEqual([node])
})

test('blanks around nodes, a missing last line end and CR LF do not matter', () => {
  for (const text of ['1\na||1  b||2 \n', '1\na||1 b||2', '1\r\na||1 b||2\r\n']) {
    expect(parse(text).nodes.map(({ host }) => host)).toEqual(['a', 'b'])
  }
})

test('a list without nodes is a list', () => {
  expect(parse('7\n\n')).toEqual({ version: 7, nodes: [] })
})

test.each([
  [
    'a version that is no number',
    'x1\na||1\n',
    'the version of the node list is not a number: "x1"',
  ],
  ['a negative version', '-1\na||1\n', 'the version of the node list is not a number'],
  ['a version past all bounds', `${'9'.repeat(30)}\na||1\n`, 'not a number'],
  ['nothing', '', 'the version of the node list is not a number: ""'],
  ['one bar', '1\na|1\n', 'a node is not host|ip|port: "a|1"'],
  ['no bar', '1\na:1\n', 'a node is not host|ip|port'],
  ['a port that is no number', '1\na||x\n', 'a node is not host|ip|port'],
  ['a third line', '1\na||1\nb||1\n', 'the node list has more than two lines'],
])('with %s it does not', (_, text, message) => {
  expect(() => parse(text)).toThrow(message)
})

test('what is wrong is shown short and printable', () => {
  const text = `1\n${'\u0007'.repeat(500)}\n`
  expect(() => parse(text)).toThrow(`a node is not host|ip|port: "${'?'.repeat(80)}…"`)
})

const node = fc.record({
  host: fc.domain(),
  ip: fc.oneof(fc.constant(undefined), fc.ipV4(), fc.ipV6()),
  port: fc.integer({ min: 1, max: 65_535 }),
})

test('every list reads as it was written', () => {
  fc.assert(
    fc.property(fc.nat(), fc.array(node, { maxLength: 60 }), (version, nodes) => {
      const items = nodes.map(({ host, ip = '', port }) => `${host}|${ip}|${port}`)
      expect(parse(`${version}\n${items.join(' ')}\n`)).toEqual({ version, nodes })
    }),
  )
})

test('a damaged list is refused, or reads as one that can be true', () => {
  const whole = Buffer.from('12\na.test|10.0.0.1|11211 b.test|fd00::2|11212 c.test||11213\n')
  const damage = fc.tuple(fc.nat(whole.length), fc.nat(6), fc.uint8Array({ maxLength: 4 }))
  let [refused, read] = [0, 0]
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 4 }), (damages) => {
      const payload = damages.reduce(
        (bytes: Buffer, [at, length, insert]) =>
          Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + length)]),
        whole,
      )
      const nodes = nodesOrError(payload)
      if (nodes instanceof Error) {
        refused++
        expect(nodes).not.toBeInstanceOf(TypeError)
        return
      }
      read++
      expect(nodes.size).toBeGreaterThan(0)
      for (const { host, port } of nodes.values()) {
        expect(host).not.toBe('')
        expect(port).toBeGreaterThanOrEqual(1)
        expect(port).toBeLessThanOrEqual(65_535)
      }
    }),
    { numRuns: 2000 },
  )
  expect(Math.min(refused, read)).toBeGreaterThan(10)
})

function nodesOrError(payload: Buffer): ReturnType<typeof nodesByName> | Error {
  try {
    return nodesByName(parseNodeList(payload).nodes, 'host')
  } catch (error) {
    return error as Error
  }
}
