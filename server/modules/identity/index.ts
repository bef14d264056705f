// Who people are: users, sign-in, sessions.
import type { Configuration } from '#platform/configuration.ts'
import { repeat, type Repeated } from '#platform/jobs/repeat.ts'
import type { Mailer } from '#platform/mail/mailer.ts'
import { workMails } from '#platform/mail/delivery.ts'
import type { Module } from '#platform/module.ts'
import { openAuthentication } from './authentication.ts'
import { budgetOf } from './failure-budget.ts'
import { assertGroupRoles } from './group-roles.ts'
import type { Identity } from './identity.ts'
import { hasherOf } from './hasher.ts'
import { purgeIdentity, purgeSchedule } from './housekeeping.ts'
import { keyRoutes } from './key.routes.ts'
import { mailRoutes } from './mail.routes.ts'
import { loginRoutes } from './login.routes.ts'
import { oidcRoutes } from './oidc.routes.ts'
import { accountRoutes } from './account.routes.ts'
import { mfaRoutes } from './mfa.routes.ts'
import { roleRoutes } from './role.routes.ts'
import { userRoutes } from './user.routes.ts'
import { userSessionRoutes } from './user-session.routes.ts'
import { sessionRoutes } from './session.routes.ts'
import { staffNameRoutes } from './staff-name.routes.ts'

export { addressesOf, type Addressee } from './addressees.ts'
export { linkTo } from './links.ts'
export { hashOpaqueToken, newOpaqueToken } from './opaque-tokens.ts'
export { requireRecentSignIn } from './recent-sign-in.ts'
export { openAuthentication } from './authentication.ts'
export { tokenVerification } from './token-verification.ts'
export { rotateTokenKey } from './token-key-rotation.ts'
export { userTokenSource } from './token-source.ts'
export { createUserAsOperator } from './operator.ts'
export { purgeIdentity } from './housekeeping.ts'
export { hasherOf } from './hasher.ts'
export { hashNewPassword } from './new-password.ts'
export { nameOfAccount, readStaffNames, type StaffName } from './staff-names.ts'
export { mailVerification } from './email-verification.ts'
export { resendVerification } from './verification-resend.ts'
export type { Profile } from './profiles.ts'
export { type Confirmation, confirmEmail } from './email-confirmation.ts'
export { createAccount, tellRegisteredAgain } from './registration.ts'
export { findSessionRights } from './authentication.store.ts'
export { ensureFirstAdministrator, type FirstAdministrator } from './first-administrator.ts'

const mailIsKept = 'SMTP_URL is not set: invitations, resets and reminders stay in the database and reach nobody'

export const identity: Module = {
  name: 'identity',
  async open(system, jobs) {
    const { configuration, log } = system
    await assertGroupRoles(system)
    const authentication = await openAuthentication(system)
    const opened: Identity = { system, authentication, hasher: hasherOf(system), budget: budgetOf(system) }
    const mailer = await openMailer(configuration)
    workMails(jobs, system, mailer)
    const isMailKept = configuration.production && !mailer
    if (isMailKept) log.warn(mailIsKept)
    jobs.schedule(purgeSchedule, () => purgeIdentity(system))
    let repeated: Repeated | undefined
    return {
      routes: [
        ...sessionRoutes(opened),
        ...loginRoutes(opened),
        ...accountRoutes(opened),
        ...mfaRoutes(opened),
        ...userRoutes(opened),
        ...userSessionRoutes(),
        ...staffNameRoutes(),
        ...roleRoutes(),
        ...keyRoutes(opened),
        ...(await oidcRoutes(opened)),
        ...mailRoutes(),
      ],
      authenticate: authentication.authenticate,
      checks: { mail: async () => (isMailKept ? { status: 'degraded', detail: mailIsKept } : { status: 'ok' }) },
      async start() {
        // Another server may have rotated the key: sign with the new one well before the old one is dropped.
        const work = () => authentication.reloadKeys()
        repeated = repeat({ name: 'identity.keys', every_ms: 60_000, work, log })
      },
      async stop() {
        await repeated?.stop()
        mailer?.close()
      },
    }
  },
}

/** What speaks SMTP is loaded only where there is a server to speak to. */
async function openMailer({ smtp_url, mail_from }: Configuration): Promise<Mailer | undefined> {
  if (smtp_url === undefined) return undefined
  const { createMailer } = await import('#platform/mail/mailer.ts')
  return createMailer({ smtp_url, mail_from })
}
