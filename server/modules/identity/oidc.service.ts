// Signing in with the organisation. The groups decide the role at every sign-in, so who loses a group loses the role.
import { createHash, randomUUIDv7, timingSafeEqual } from 'node:crypto'
import { notFound, Problem, type ProblemKind } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import { violating } from '#platform/database/constraint.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { openJson, sealJson } from '#platform/encryption/sealing.ts'
import { accountExists } from './account.contract.ts'
import type { Identity } from './identity.ts'
import { accountInactive, type Tokens } from './login.contract.ts'
import type { OidcClient, OidcFlow, OidcGoal, OidcPerson, OidcSettings } from './oidc-client.ts'
import { oidcNoEmail, oidcNoRole, oidcRefused } from './oidc.contract.ts'
import { deleteOneTimeTokens, insertOneTimeToken, spendOneTimeToken } from './one-time-token.store.ts'
import { hashOpaqueToken, newOpaqueToken } from './opaque-tokens.ts'
import { hasName, nameTokens, openProfile, profileTokens, sealProfile } from './profiles.ts'
import { keepForConsole } from './refresh-cookie.ts'
import { replaceRecoveryCodes } from './second-factor.ts'
import { revokeSessions } from './session.store.ts'
import { fitSessions, hashOf, openSession } from './sessions.ts'
import { countAdministrators, lockAdministrators } from './user-directory.store.ts'
import { type Account, findAccountByName, insertUser, insertUserTokens, lockAccount, removeTotp } from './user.store.ts'

export type Oidc = { client: OidcClient; settings: OidcSettings } | undefined

const flow_seconds = 600
const cookieName = 'openward-oidc'
const place = (hash: Buffer) => ({ table: 'one_time_tokens', column: 'sealed_data', row_id: hash.toString('hex') })

/** Sends the browser to the provider. The state is bound to this browser, so that nobody can be signed in as somebody else. */
export async function startOidc(ctx: Context, oidc: Oidc, goal: OidcGoal): Promise<void> {
  if (!oidc) throw new Problem(notFound)
  const { keys, configuration } = ctx.system
  const state = newOpaqueToken('oidc_state')
  const token_hash = hashOf('oidc_state', state)
  const { url, flow } = await oidc.client.begin(state, goal)
  const key = keys.system('users')
  const sealed = { key_id: key.id, data: sealJson(key, place(token_hash), flow) }
  await ctx.database.once((tx) =>
    tx.first(insertOneTimeToken({ token_hash, purpose: 'oidc_state', lifetime_seconds: flow_seconds, sealed })),
  )
  ctx.header('set-cookie', cookie(state, flow_seconds, configuration.public_url.startsWith('https:')))
  ctx.header('location', url)
}

/** @throws Problem oidcRefused, oidcNoRole, oidcNoEmail, accountExists, accountInactive */
export async function finishOidc(
  ctx: Context,
  identity: Identity,
  oidc: Oidc,
  query: Record<string, unknown>,
  goal: OidcGoal = 'callback',
): Promise<Tokens> {
  if (!oidc) throw new Problem(notFound)
  const flow = await takeFlow(ctx, typeof query.state === 'string' ? query.state : '')
  if (flow?.goal !== goal) return refuse(ctx, oidcRefused, 'state_invalid')
  const answer = new URLSearchParams(
    Object.entries(query).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  )
  const person = await oidc.client.finish(answer, flow).catch(async (error: unknown) => {
    if (error instanceof Problem && error.kind === oidcRefused)
      return refuse(ctx, oidcRefused, 'provider_refused', undefined, error)
    throw error
  })
  ctx.header('set-cookie', cookie('', 0, ctx.system.configuration.public_url.startsWith('https:')))
  const role = roleOf(person, oidc.settings)
  const outcome = await ctx.database
    .transaction(async (tx): Promise<Tokens | Refused> => {
      const known = await tx.first(findBySubject(subjectHash(person)))
      const locked = known && (await tx.first(lockAccount(known.id)))
      if (!role) {
        if (locked) await tx.run(revokeSessions(locked.id, 'no_group'))
        return { refused: oidcNoRole, reason: 'no_group', user_id: locked?.id }
      }
      const account = locked ?? (await takeOn(tx, identity, person, role))
      if ('refused' in account) return account
      if (!account.is_active) return { refused: accountInactive, reason: 'inactive', user_id: account.id }
      const given = await followGroups(tx, ctx, account, role)
      return openSession(tx, ctx, identity, { ...account, role: given }, { method: 'oidc' })
    })
    .catch(violating({ user_tokens_one_account: accountExists, users_external_subject: accountExists }))
  if ('refused' in outcome) return refuse(ctx, outcome.refused, outcome.reason, outcome.user_id)
  return outcome
}

/** The same for the console: its browser is led on, to the start page or to the sign-in that says what was refused. */
export async function finishOidcForConsole(
  ctx: Context,
  identity: Identity,
  oidc: Oidc,
  query: Record<string, unknown>,
): Promise<void> {
  if (!oidc) throw new Problem(notFound)
  try {
    keepForConsole(ctx, await finishOidc(ctx, identity, oidc, query, 'console'))
    ctx.header('location', '/')
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    ctx.header('location', `/sign-in#${error.kind.code}`)
  }
}

type Refused = { refused: ProblemKind; reason: string; user_id?: string | undefined }

/** The role that the person has from now on: that of their groups, unless the house would be left without an administrator. */
async function followGroups(tx: Tx, { system }: Context, account: Account, role: string): Promise<string> {
  if (account.role === role) return role
  const changed = { action: 'user.update', resource_type: 'user', resource_id: account.id, user_id: account.id }
  if (account.role === 'admin') {
    await tx.run(lockAdministrators())
    if ((await tx.one(countAdministrators())).count <= 1) {
      tx.audit({ ...changed, outcome: 'denied', details: { method: 'oidc', role, reason: 'last_administrator' } })
      return account.role
    }
  }
  await tx.run(saveRole(account.id, role))
  await fitSessions(tx, system.configuration, account.id, role)
  tx.audit({ ...changed, details: { method: 'oidc', role, fields: ['role'] } })
  return role
}

/** The account of someone who comes for the first time: one that an administrator made for that address, or a new one. */
async function takeOn(tx: Tx, { system }: Identity, person: OidcPerson, role: string): Promise<Account | Refused> {
  if (!person.email) return { refused: oidcNoEmail, reason: 'no_email' }
  const { keys } = system
  const { kind, tokens } = nameTokens(keys, person.email)
  const candidate = await tx.first(findAccountByName(kind, tokens))
  if (candidate && hasName(openProfile(keys, candidate), person.email)) {
    // Whoever registered themselves with that address may be somebody else, and so may an address that nobody verified.
    const isTheirs = person.email_verified && candidate.role !== 'patient' && candidate.external_subject === null
    if (!isTheirs) return { refused: accountExists, reason: 'address_taken', user_id: candidate.id }
    await link(tx, candidate.id, subjectHash(person))
    tx.audit({ action: 'user.link', resource_type: 'user', resource_id: candidate.id, details: { method: 'oidc' } })
    return candidate
  }
  const id = randomUUIDv7()
  const { first_name, last_name, email } = person
  const profile = { first_name, last_name, email, username: email }
  await tx.run(
    insertUser({
      id,
      ...sealProfile(keys, id, profile),
      password_hash: null,
      role,
      email_verified: person.email_verified,
      external_subject: subjectHash(person),
    }),
  )
  await tx.run(insertUserTokens(id, profileTokens(keys, profile)))
  tx.audit({ action: 'user.create', resource_type: 'user', resource_id: id, details: { role, method: 'oidc' } })
  return tx.one(lockAccount(id))
}

/**
 * From now on the organisation alone lets the person in, and shuts them out. What opened the account before opens it no more, whether
 * it was theirs or a stranger's who used their address; nor has anybody to choose a password in the place of one that is gone.
 */
async function link(tx: Tx, user_id: string, subject: string): Promise<void> {
  await tx.run(linkUser(user_id, subject))
  await tx.run(removeTotp(user_id))
  await replaceRecoveryCodes(tx, user_id, [])
  await tx.run(deleteOneTimeTokens(user_id, ['password_reset', 'invitation', 'email_verification', 'mfa_pending']))
  await tx.run(revokeSessions(user_id, 'linked'))
  tx.emit({ type: 'session.ended', subject_type: 'user', subject_id: user_id, payload: { user_id } })
}

/** Uses up the state, when this is the browser that left with it. */
async function takeFlow(ctx: Context, state: string): Promise<OidcFlow | undefined> {
  const token_hash = hashOpaqueToken('oidc_state', state)
  const left = Buffer.from(cookieOf(ctx.request_header('cookie')) ?? '')
  const back = Buffer.from(state)
  if (!token_hash || left.length !== back.length || !timingSafeEqual(left, back)) return undefined
  const held = await ctx.database.once((tx) => tx.first(spendOneTimeToken('oidc_state', token_hash)))
  if (!held?.key_id || !held.sealed_data) return undefined
  return openJson<OidcFlow>(ctx.system.keys.systemById(held.key_id), place(token_hash), held.sealed_data)
}

async function refuse(
  ctx: Context,
  kind: ProblemKind,
  reason: string,
  user_id?: string,
  cause?: unknown,
): Promise<never> {
  await ctx.record({
    action: 'session.login',
    resource_type: 'session',
    outcome: 'failure',
    user_id,
    details: { method: 'oidc', reason },
  })
  throw new Problem(kind, {}, cause)
}

/** The first mapping, in the order of the configuration, whose group the person is in. */
function roleOf({ groups }: OidcPerson, { group_roles }: OidcSettings): string | undefined {
  return group_roles.find(([group]) => groups.includes(group))?.[1]
}

/** A subject can be an address or a number of the staff: only its hash is kept. */
function subjectHash({ subject }: OidcPerson): string {
  return createHash('sha256').update(subject).digest('hex')
}

function findBySubject(subject: string): Sql<{ id: string }> {
  return sql`select id from users where external_subject = ${subject}`
}

function linkUser(user_id: string, subject: string): Sql {
  return sql`
    update users set external_subject = ${subject}, password_hash = null, email_verified_at = coalesce(email_verified_at, now()),
           must_change_password = false, authority_version = authority_version + must_change_password::int
     where id = ${user_id}`
}

function saveRole(user_id: string, role: string): Sql {
  return sql`
    update users set role = ${role}, authority_version = authority_version + 1, updated_at = now(), version = version + 1
     where id = ${user_id}`
}

/** Lax: the provider sends the browser here from its own site. */
function cookie(value: string, seconds: number, isSecure: boolean): string {
  return `${cookieName}=${value}; Path=/api/v1/auth/oidc; Max-Age=${seconds}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`
}

function cookieOf(header: string | undefined): string | undefined {
  return header
    ?.split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${cookieName}=`))
    ?.slice(cookieName.length + 1)
}
