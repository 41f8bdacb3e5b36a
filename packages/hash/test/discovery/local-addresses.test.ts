import { expect, test } from 'vitest'
import { localKind } from '../../src/discovery/local-addresses.ts'

test.each([
  ...['localhost', 'LocalHost.', 'api.localhost', '127.0.0.1', '127.255.255.254', '127.1'],
  ...['0', '0.0.0.0', '0.1.2.3', '2130706433', '0x7f000001', '0177.0.0.1', '0x7f.1', '127.0.0.1.'],
  ...['::', '::1', '0:0:0:0:0:0:0:1', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:7f00:1'],
  ...[
    '::ffff:0.0.0.0',
    '64:ff9b::127.0.0.1',
    '64:ff9b::7f00:1',
    '１２７.0.0.1',
    '[::1]'.slice(1, -1),
  ],
])('%s is loopback', (host) => {
  expect(localKind(host)).toBe('loopback')
})

test.each([
  ...[
    '169.254.169.254',
    '169.254.0.0',
    '169.254.255.255',
    '2852039166',
    '0xa9fea9fe',
    '169.254.43518',
  ],
  ...['fe80::1', 'fe80::1%eth0', 'FEBF::1', 'fd00:ec2::254', 'fd00:ec2::23'],
  ...['::ffff:169.254.169.254', '::ffff:a9fe:a9fe', '::169.254.169.254', '64:ff9b::a9fe:a9fe'],
])('%s is link-local', (host) => {
  expect(localKind(host)).toBe('link-local')
})

test.each([
  ...[
    '10.0.0.1',
    '172.31.0.1',
    '192.168.1.1',
    '8.8.8.8',
    '126.255.255.255',
    '128.0.0.1',
    '1.0.0.0',
  ],
  ...[
    '169.253.255.255',
    '169.255.0.0',
    'fd00::2',
    'fd00:ec1::1',
    'fd00:ec3::1',
    'fec0::1',
    '::2:0:0',
  ],
  ...[
    '2001:db8::1',
    '::ffff:10.0.0.1',
    '64:ff9b::8.8.8.8',
    'a.test',
    'localhost.test',
    'mylocalhost',
  ],
  ...['127.0.0.1.example', '1.2.3.999', '127-0-0-1.example', '', 'node.0a'],
])('%s is neither', (host) => {
  expect(localKind(host)).toBeUndefined()
})
