// The contract as a user of node:test runs it; BREAK makes the client break a rule.
import { describe, test } from 'node:test'
import { clientContract, MockMemcacheClient } from '@mc/testing'

function create(): MockMemcacheClient {
  const client = new MockMemcacheClient()
  if (process.env.BREAK) client.touch = async () => true
  return client
}

clientContract({ name: 'the mock', create }, { describe, test })
