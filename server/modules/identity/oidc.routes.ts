import { implement, type Route } from '#platform/http/mount.ts'
import type { Identity } from './identity.ts'
import { oidcApi } from './oidc.contract.ts'
import { finishOidc, finishOidcForConsole, type Oidc, startOidc } from './oidc.service.ts'

export async function oidcRoutes(identity: Identity): Promise<Route[]> {
  const { configuration } = identity.system
  const settings = configuration.oidc
  const oidc: Oidc = settings && {
    settings,
    client: (await import('./oidc-client.ts')).createOidcClient(settings, configuration),
  }
  return implement('oidc', oidcApi, {
    methods: async () => ({ password: configuration.local_passwords, organisation: oidc !== undefined }),
    start: (ctx, { query }) => startOidc(ctx, oidc, query.for === 'console' ? 'console' : 'callback'),
    callback: (ctx, { query }) => finishOidc(ctx, identity, oidc, query),
    console: (ctx, { query }) => finishOidcForConsole(ctx, identity, oidc, query),
  })
}
