import { implement, type Route } from '#platform/http/mount.ts'
import type { Identity } from './identity.ts'
import { createOidcClient } from './oidc-client.ts'
import { oidcApi } from './oidc.contract.ts'
import { finishOidc, type Oidc, startOidc } from './oidc.service.ts'

export function oidcRoutes(identity: Identity): Route[] {
  const { configuration } = identity.system
  const settings = configuration.oidc
  const oidc: Oidc = settings && { settings, client: createOidcClient(settings, configuration) }
  return implement('oidc', oidcApi, {
    start: (ctx) => startOidc(ctx, oidc),
    callback: (ctx, { query }) => finishOidc(ctx, identity, oidc, query),
  })
}
