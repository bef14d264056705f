import { implement, type Route } from '#platform/http/mount.ts'
import { resendVerification } from '#modules/identity'
import { registrationApi } from './registration.contract.ts'
import { register, verifyEmail } from './registration.service.ts'

export function registrationRoutes(): Route[] {
  return implement('registration', registrationApi, {
    register: (ctx, { body }) => register(ctx, body),
    resendVerification: (ctx, { body }) => resendVerification(ctx, body.email),
    verifyEmail: (ctx, { body }) => verifyEmail(ctx, body),
  })
}
