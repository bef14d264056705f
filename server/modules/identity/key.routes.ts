import { implement, type Route } from '#platform/http/mount.ts'
import type { Identity } from './identity.ts'
import { keyApi } from './key.contract.ts'
import { publicJwks } from './token-keys.ts'

export function keyRoutes({ authentication }: Identity): Route[] {
  return implement('keys', keyApi, {
    async jwks(ctx) {
      // Shorter than a retired key is still published.
      ctx.header('cache-control', 'public, max-age=300')
      return publicJwks(authentication.keys())
    },
  })
}
