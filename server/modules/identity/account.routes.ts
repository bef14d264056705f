import { implement, type Route } from '#platform/http/mount.ts'
import { accountApi } from './account.contract.ts'
import type { Identity } from './identity.ts'
import { changePassword, choosePassword, forgetPassword } from './password.service.ts'
import { changeProfile, findProfile } from './profile.service.ts'

export function accountRoutes(identity: Identity): Route[] {
  return implement('account', accountApi, {
    changePassword: (ctx, { body }) => changePassword(ctx, identity, body),
    forgotPassword: (ctx, { body }) => forgetPassword(ctx, identity, body.email),
    resetPassword: (ctx, { body }) => choosePassword(ctx, identity, 'password_reset', body),
    acceptInvitation: (ctx, { body }) => choosePassword(ctx, identity, 'invitation', body),
    profile: (ctx) => findProfile(ctx),
    changeProfile: (ctx, { body }) => changeProfile(ctx, body),
  })
}
