// A user's names, e-mail and user name: sealed at rest, found again by tokens of the last two.
import type { Keys } from '#platform/encryption/keys.ts'
import { openJson, sealJson } from '#platform/encryption/sealing.ts'
import type { Token } from '#platform/encryption/tokens.ts'

export type Profile = { first_name: string; last_name: string; email: string; username: string }
export type SealedProfile = { id: string; key_id: string; sealed_profile: Buffer }
export type NameKind = 'email' | 'username'

const place = (row_id: string) => ({ table: 'users', column: 'sealed_profile', row_id })

export function sealProfile(keys: Keys, user_id: string, profile: Profile): { key_id: string; sealed_profile: Buffer } {
  const key = keys.system('users')
  return { key_id: key.id, sealed_profile: sealJson(key, place(user_id), profile) }
}

export function openProfile(keys: Keys, { id, key_id, sealed_profile }: SealedProfile): Profile {
  return openJson<Profile>(keys.systemById(key_id), place(id), sealed_profile)
}

/** The one spelling of a name that accounts are compared by: compatibility forms and case do not make another person. */
export function canonicalName(name: string): string {
  return name.normalize('NFKC').toLowerCase().normalize('NFKC').trim()
}

/** What a name given at sign-in is: a user name holds no `@`, so it can never be mistaken for another's address. */
export function kindOfName(name: string): NameKind {
  return name.normalize('NFKC').includes('@') ? 'email' : 'username'
}

export function nameTokens(keys: Keys, name: string): { kind: NameKind; tokens: Token[] } {
  const kind = kindOfName(name)
  return { kind, tokens: keys.tokenizer('users').tokens(kind, canonicalName(name)) }
}

/** The tokens under which a user is found: of the e-mail, and of the user name where it is another text. */
export function profileTokens(
  keys: Keys,
  { email, username }: Profile,
): { kind: NameKind; key_version: number; token: Buffer }[] {
  const names = canonicalName(email) === canonicalName(username) ? [email] : [email, username]
  return names.flatMap((name) => {
    const { kind, tokens } = nameTokens(keys, name)
    return tokens.map((token) => ({ kind, ...token }))
  })
}

/** Whether the account really has that name: a token could belong to another by chance. */
export function hasName({ email, username }: Profile, name: string): boolean {
  return canonicalName(kindOfName(name) === 'email' ? email : username) === canonicalName(name)
}
