// Links that prove an e-mail address: of a registration, and of an address that an account is to move to.
import { certain } from '#platform/certain.ts'
import type { Context, System } from '#platform/context.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { openJson, sealJson } from '#platform/encryption/sealing.ts'
import { queueMail } from '#platform/mail/queue.ts'
import { linkTo } from './links.ts'
import { insertOneTimeToken, type OneTimeToken } from './one-time-token.store.ts'
import { newOpaqueToken } from './opaque-tokens.ts'
import { hasName, nameTokens, openProfile } from './profiles.ts'
import { hashOf } from './sessions.ts'
import { type Account, countRecentTokens, findAccountByName } from './user.store.ts'

const verification_seconds = 3 * 86_400
const movesPerHour = 5

/** Where what is kept with a link stands. */
const verificationPlace = (hash: Buffer) => ({
  table: 'one_time_tokens',
  column: 'sealed_data',
  row_id: hash.toString('hex'),
})

/** What is kept with the link of a new address: the address, and whether it is the user name as well. */
export type Move = { new_email: string; is_username: boolean }

/** Mails a link that proves the address; `data` is kept sealed with it until it is followed. */
export async function mailVerification(
  tx: Tx,
  system: System,
  user_id: string,
  email: string,
  data: object = {},
): Promise<void> {
  const { token, expires_at } = await makeLink(tx, system, user_id, data)
  await queueMail(tx, system, {
    template: 'registration_verification',
    to: email,
    user_id,
    data: { link: linkTo(system.configuration, 'email_verification', token), expires_at },
  })
}

/**
 * Asks for a new address: its reader gets the link that moves the account, the reader of the old one is told. Where the new one is
 * somebody's already they are told instead, and the same statements run: whoever asks must not learn whose address has an account.
 * Answers what became of it, for the audit.
 */
export async function requestMove(
  tx: Tx,
  { system }: Context,
  { id: user_id, now }: Account,
  old_email: string,
  move: Move,
): Promise<'mailed' | 'address_taken' | 'too_often'> {
  const { configuration, keys } = system
  const { kind, tokens } = nameTokens(keys, move.new_email)
  const [asked, holder] = await Promise.all([
    tx.one(countRecentTokens(user_id, 'email_verification')),
    tx.first(findAccountByName(kind, tokens)),
  ])
  const owner = holder && holder.id !== user_id ? { id: holder.id, ...openProfile(keys, holder) } : undefined
  const taken = owner && hasName(owner, move.new_email) ? owner : undefined
  if (asked.count >= movesPerHour) return 'too_often'
  const { token, expires_at } = await makeLink(tx, system, user_id, move, taken === undefined)
  if (taken) {
    const data = { link: linkTo(configuration, 'sign_in') }
    await queueMail(tx, system, { template: 'address_known', to: taken.email, user_id: taken.id, data })
  } else {
    const data = { link: linkTo(configuration, 'email_verification', token), expires_at }
    await queueMail(tx, system, { template: 'address_verification', to: move.new_email, user_id, data })
  }
  const data = { happened_at: now, link: linkTo(configuration, 'sessions') }
  await queueMail(tx, system, { template: 'address_change_requested', to: old_email, user_id, data })
  return taken ? 'address_taken' : 'mailed'
}

/** A link with what is kept sealed with it; one that is not `valid` is stored alike and never was of use. */
export async function makeLink(
  tx: Tx,
  { keys }: System,
  user_id: string | undefined,
  data: unknown,
  valid = true,
): Promise<{ token: string; expires_at: string }> {
  const token = newOpaqueToken('email_verification')
  const token_hash = hashOf('email_verification', token)
  const key = keys.system('users')
  const sealed = { key_id: key.id, data: sealJson(key, verificationPlace(token_hash), data) }
  const lifetime_seconds = valid ? verification_seconds : 0
  const { expires_at } = await tx.one(
    insertOneTimeToken({
      token_hash,
      purpose: 'email_verification',
      lifetime_seconds,
      sealed,
      ...(user_id ? { user_id } : {}),
    }),
  )
  return { token, expires_at }
}

/** What was kept with a link. */
export function openKept({ keys }: System, token_hash: Buffer, { key_id, sealed_data }: OneTimeToken): object {
  const key = keys.systemById(certain(key_id, 'key of a link'))
  return openJson<object>(key, verificationPlace(token_hash), certain(sealed_data, 'data of a link'))
}

/** Whether a link moves the account to another address, and to which. */
export function readMove(data: object): Move | undefined {
  return 'new_email' in data ? (data as Move) : undefined
}
