import { implement, type Route } from '#platform/http/mount.ts'
import type { Identity } from './identity.ts'
import { mfaApi } from './mfa.contract.ts'
import { handOver } from './refresh-cookie.ts'
import { confirm, confirmPending, disable, enroll, enrollPending } from './mfa.service.ts'

export function mfaRoutes(identity: Identity): Route[] {
  return implement('mfa', mfaApi, {
    enroll: (ctx) => enroll(ctx),
    confirm: (ctx, { body }) => confirm(ctx, identity, body.code),
    disable: (ctx, { body }) => disable(ctx, identity, body),
    enrollPending: (ctx, { body }) => enrollPending(ctx, body.enrollment_token),
    confirmPending: async (ctx, { body }) =>
      handOver(ctx, await confirmPending(ctx, identity, body.enrollment_token, body.code)),
  })
}
