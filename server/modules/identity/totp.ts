// Time-based one-time passwords (RFC 6238) for the second factor: six digits, 30 seconds, SHA-1, as every app has them.
import { Secret, TOTP } from 'otpauth'

const parameters = { algorithm: 'SHA1', digits: 6, period: 30 } as const

/** RFC 4226 section 4 recommends 160 bits. */
const secretBytes = 20

export type TotpAttempt = {
  secret: string
  /** As typed; spaces do not matter. */
  code: string
  /** The server's clock, milliseconds since 1970. Never the client's. */
  now_ms: number
  /** The step of the last accepted code: that step and all before it are spent. */
  last_step?: number | null
}

/** A new random secret in base32, as an authenticator app takes it. */
export function newTotpSecret(): string {
  return new Secret({ size: secretBytes }).base32
}

/** The `otpauth://` address that an authenticator app reads from a QR code. It holds the secret: never log it. */
export function totpUri(secret: string, account: string, issuer: string): string {
  return new TOTP({ ...parameters, secret: Secret.fromBase32(secret), label: account, issuer }).toString()
}

/**
 * The step (30 seconds each, counted from 1970) that the code belongs to, the current one or a neighbour; undefined when the
 * code is wrong or its step is spent. A code is single-use only if the caller stores the step in the same transaction,
 * where the stored step is smaller.
 */
export function verifyTotp({ secret, code, now_ms, last_step }: TotpAttempt): number | undefined {
  const token = code.replaceAll(' ', '')
  if (!/^[0-9]{6}$/.test(token)) return undefined
  const current = TOTP.counter({ period: parameters.period, timestamp: now_ms })
  const key = Secret.fromBase32(secret)
  const delta = TOTP.validate({ ...parameters, token, secret: key, timestamp: now_ms, window: 1 })
  if (delta === null) return undefined
  const step = current + delta
  return last_step !== undefined && last_step !== null && step <= last_step ? undefined : step
}
