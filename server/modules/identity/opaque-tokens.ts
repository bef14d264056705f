// Random tokens that mean something only to the database, each kind with a prefix of its own.
import { createHash, randomBytes } from 'node:crypto'

/** The prefix names the kind, so that a token of one kind is never looked up as another, and a leaked one is recognised. */
const prefixes = {
  refresh: 'owr_',
  password_reset: 'owp_',
  invitation: 'owi_',
  email_verification: 'owv_',
  mfa_pending: 'owm_',
  oidc_state: 'owo_',
  device: 'owd_',
  stream_ticket: 'ows_',
  calendar_feed: 'owc_',
} as const

export type OpaqueTokenKind = keyof typeof prefixes

/** A token of 256 random bits. Shown once; only its hash is stored. */
export function newOpaqueToken(kind: OpaqueTokenKind): string {
  return prefixes[kind] + randomBytes(32).toString('base64url')
}

/**
 * What is stored and looked up of a token: SHA-256, since 256 random bits cannot be searched through. Undefined when the text is
 * no token of that kind: answer as for an unknown one.
 */
export function hashOpaqueToken(kind: OpaqueTokenKind, token: string): Buffer | undefined {
  if (!token.startsWith(prefixes[kind])) return undefined
  const random = token.slice(prefixes[kind].length)
  // The last of 43 characters carries four bits: any other would be a second spelling.
  if (!/^[\w-]{42}[AEIMQUYcgkosw048]$/.test(random)) return undefined
  return createHash('sha256').update(token).digest()
}
