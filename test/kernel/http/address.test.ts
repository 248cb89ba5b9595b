import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { serve } from './fixture.ts'

describe('proxies', () => {
  const forwarded = {
    'x-forwarded-for': '6.6.6.6, 1.2.3.4, 10.1.1.1',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'api.example.com',
  }
  const cases = [
    { name: 'are not believed', trusted: '', address: '127.0.0.1', origin: /^http:\/\/127\.0\.0\.1:\d+$/ },
    {
      name: 'are believed when trusted',
      trusted: '127.0.0.1, 10.0.0.0/8',
      address: '1.2.3.4',
      origin: /^https:\/\/api\.example\.com$/,
    },
  ]
  for (const { name, trusted, address, origin } of cases) {
    it(name, async () => {
      const served = await serve({ DF_TRUSTED_PROXIES: trusted })
      const seen = (await served.ask('GET', '/api/v2/db/x', forwarded)).json() as { address: string; origin: string }
      assert.equal(seen.address, address)
      assert.match(seen.origin, origin)
      assert.equal(served.credentials.at(-1)?.address, address)
      await served.close()
    })
  }
})
