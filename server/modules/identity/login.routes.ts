import type { z } from 'zod'
import type { Context } from '#platform/context.ts'
import { Problem } from '#platform/contract/problem.ts'
import { implement, type Route } from '#platform/http/mount.ts'
import type { Identity } from './identity.ts'
import {
  invalidCredentials,
  invalidGrant,
  loginApi,
  type TokenRequest,
  type Tokens,
  unsupportedGrantType,
  passwordFormOff,
} from './login.contract.ts'
import { signIn } from './login.service.ts'
import { handOver, refreshTokenOf } from './refresh-cookie.ts'
import { refreshSession } from './refresh.service.ts'

export function loginRoutes(identity: Identity): Route[] {
  return implement('auth', loginApi, {
    login: async (ctx, { body: { username, email, ...rest } }) =>
      handOver(
        ctx,
        await signIn(
          ctx,
          identity,
          { name: username ?? email ?? '', ...rest, device_token: deviceToken(ctx, rest) },
          'password',
        ),
      ),
    token: (ctx, { body }) => grantTokens(ctx, identity, body),
    refresh: async (ctx, { body }) =>
      handOver(ctx, await refreshSession(ctx, identity, refreshTokenOf(ctx, body.refresh_token))),
  })
}

function deviceToken(ctx: Context, { device_token }: { device_token?: string | undefined }): string | undefined {
  return device_token ?? ctx.request_header('x-device-token')
}

/** The OAuth 2 form. A refusal that concerns the person or their token is `invalid_grant` (RFC 6749 section 5.2). */
async function grantTokens(ctx: Context, identity: Identity, request: z.output<typeof TokenRequest>): Promise<Tokens> {
  if (!identity.system.configuration.password_form) throw new Problem(passwordFormOff)
  // RFC 6749 section 5.1 asks for both.
  ctx.header('pragma', 'no-cache')
  const { grant_type, username, password, refresh_token, otp } = request
  try {
    if (grant_type === 'refresh_token') return await refreshSession(ctx, identity, refresh_token ?? '')
    if (grant_type !== 'password') throw new Problem(unsupportedGrantType)
    const credentials = { name: username ?? '', password: password ?? '', otp, device_token: deviceToken(ctx, request) }
    if (!username || !password)
      throw new Problem(invalidCredentials, { detail: 'The password form needs username and password' })
    return await signIn(ctx, identity, credentials, 'password_form')
  } catch (error) {
    if (!(error instanceof Problem) || error.kind.status !== 401) throw error
    throw new Problem(
      invalidGrant,
      { reason: error.kind.code, ...error.members, detail: error.members.detail ?? error.kind.title },
      error,
    )
  }
}
