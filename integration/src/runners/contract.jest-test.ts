// The contract as a user of jest runs it, whose functions are global; BREAK makes the client break a rule.
import { clientContract, MockMemcacheClient } from '@mc/testing'

function create(): MockMemcacheClient {
  const client = new MockMemcacheClient()
  if (process.env.BREAK) client.touch = async () => true
  return client
}

clientContract({ name: 'the mock', create })
