import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startTestApi } from '../../testing.ts'
import { networkOf } from './limits.ts'

describe('the limit of an address', () => {
  for (const [address, network] of [
    ['203.0.113.9', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:0DB8:1:2::6', '2001:db8:1:2'],
    ['2001:db8::6', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['no address', 'no address'],
  ] as const) {
    it(`is that of ${network} for ${address}`, () => assert.equal(networkOf(address), network))
  }

  it('is not passed by with the other addresses of one subscriber', async () => {
    await using api = await startTestApi({ rate_limit: true, trusted_proxies: ['127.0.0.1'] })
    const forget = async (host: number) =>
      (
        await api.send({
          method: 'POST',
          url: '/api/v1/auth/password/forgot',
          headers: { 'content-type': 'application/json', 'x-forwarded-for': `2001:db8::${host.toString(16)}` },
          body: JSON.stringify({ email: `nobody-${host}@example.test` }),
        })
      ).status
    const statuses = []
    for (let host = 1; host <= 11; host += 1) statuses.push(await forget(host))
    assert.deepEqual(statuses, [...Array.from({ length: 10 }, () => 202), 429])
  })
})
