// Links that prove an e-mail address: of a registration, and of an address that an account is to move to.
import type { Context, System } from '#platform/context.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { sealJson } from '#platform/encryption/sealing.ts'
import { queueMail } from '#platform/mail/queue.ts'
import { linkTo } from './links.ts'
import { insertOneTimeToken } from './one-time-token.store.ts'
import { newOpaqueToken } from './opaque-tokens.ts'
import { hasName, nameTokens, openProfile } from './profiles.ts'
import { hashOf } from './sessions.ts'
import { type Account, countRecentTokens, findAccountByName } from './user.store.ts'

const verification_seconds = 3 * 86_400
const movesPerHour = 5

/** Where what is kept with a link stands. */
export const verificationPlace = (hash: Buffer) => ({
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
  const { token, expires_at } = await makeLink(tx, system, user_id, data, verification_seconds)
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
    tx.first(countRecentTokens(user_id, 'email_verification')),
    tx.first(findAccountByName(kind, tokens)),
  ])
  const owner = holder && holder.id !== user_id ? openProfile(keys, holder) : undefined
  const taken = owner && hasName(owner, move.new_email) ? owner : undefined
  if ((asked?.count ?? 0) >= movesPerHour) return 'too_often'
  const { token, expires_at } = await makeLink(tx, system, user_id, move, taken ? 0 : verification_seconds)
  if (taken) {
    const data = { link: linkTo(configuration, 'sign_in') }
    await queueMail(tx, system, { template: 'address_known', to: taken.email, user_id: holder?.id, data })
  } else {
    const data = { link: linkTo(configuration, 'email_verification', token), expires_at }
    await queueMail(tx, system, { template: 'address_verification', to: move.new_email, user_id, data })
  }
  const data = { happened_at: now, link: linkTo(configuration, 'sessions') }
  await queueMail(tx, system, { template: 'address_change_requested', to: old_email, user_id, data })
  return taken ? 'address_taken' : 'mailed'
}

async function makeLink(tx: Tx, { keys }: System, user_id: string, data: object, lifetime_seconds: number) {
  const token = newOpaqueToken('email_verification')
  const token_hash = hashOf('email_verification', token)
  const key = keys.system('users')
  const sealed = { key_id: key.id, data: sealJson(key, verificationPlace(token_hash), data) }
  const made = await tx.first(
    insertOneTimeToken({ token_hash, purpose: 'email_verification', user_id, lifetime_seconds, sealed }),
  )
  return { token, expires_at: made?.expires_at ?? '' }
}
