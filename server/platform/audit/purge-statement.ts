// A purge statement: which entries were taken out of the log when their time was over, under which root they had stood, by whom and
// why, signed with a key that signs roots. Its text is a signed note, readable without any tool:
//
//   openward-audit-purge
//   entries <first> to <last>
//   root <base64 of the root hash of the first <last> entries>
//   sealed_at <instant of that root>
//   kept_years <years>
//   purged_at <instant>
//   by <who>
//   reason <why>
//
//   — openward-audit <base64 of 4 bytes that name the key, and the signature>
import { sign, verify } from 'node:crypto'
import { origin, type RootSigner, type TrustedKeys } from './root.ts'

export type Purge = {
  first_seq: number
  last_seq: number
  root_hash: Buffer
  /** Of that root: every entry under it is at least as old. */
  sealed_at: string
  kept_years: number
  purged_at: string
  by: string
  reason: string
}

export type SignedPurge = Purge & { key_id: string; signature: Buffer }

/** What the law asks for at least (45 CFR 164.316(b)(2)(i)). */
export const leastKeptYears = 6

const signaturePrefix = `\u2014 ${origin} `
const keyIdBytes = 4
/** One line, so that nobody writes a member of the statement by way of another. */
const words = /^[^\p{Cc}\p{Zl}\p{Zp}]{1,300}$/u

/** Whether this can stand in a statement as who or why. */
export function isStatable(text: string): boolean {
  return words.test(text) && text.trim() === text
}

/** The signed text. @throws RangeError when who or why does not fit in one line */
export function formatPurge(purge: Purge, signer: RootSigner): string {
  if (!isStatable(purge.by) || !isStatable(purge.reason)) throw new RangeError('who and why are one line each')
  const text = textOf(purge)
  const signature = sign(null, Buffer.from(text), signer.private_key)
  return withSignature(text, signer.key_id, signature)
}

/** @throws SyntaxError when the text is not a statement in exactly the form that `formatPurge` writes. */
export function parsePurge(text: string): SignedPurge {
  const groups = statement.exec(text)?.groups
  if (groups === undefined) throw new SyntaxError('this is not a purge statement of an audit log')
  const signed = Buffer.from(groups.signature ?? '', 'base64')
  const purge = {
    first_seq: Number(groups.first),
    last_seq: Number(groups.last),
    root_hash: Buffer.from(groups.hash ?? '', 'base64'),
    sealed_at: String(groups.sealed),
    kept_years: Number(groups.years),
    purged_at: String(groups.purged),
    by: String(groups.by),
    reason: String(groups.reason),
    key_id: signed.subarray(0, keyIdBytes).toString('hex'),
    signature: signed.subarray(keyIdBytes),
  }
  if (withSignature(textOf(purge), purge.key_id, purge.signature) !== text)
    throw new SyntaxError('this is not a purge statement of an audit log')
  return purge
}

/** Whether a trusted key signed exactly this statement. */
export function verifyPurge(purge: SignedPurge, keys: TrustedKeys): boolean {
  const key = keys.get(purge.key_id)
  return key !== undefined && verify(null, Buffer.from(textOf(purge)), key, purge.signature)
}

/** Whether the entries were old enough by what the statement itself says. */
export function wasDue({ sealed_at, purged_at, kept_years }: Purge): boolean {
  if (kept_years < leastKeptYears) return false
  const due = Temporal.Instant.from(sealed_at).toZonedDateTimeISO('UTC').add({ years: kept_years }).toInstant()
  return Temporal.Instant.compare(due, Temporal.Instant.from(purged_at)) <= 0
}

const base64 = '[A-Za-z0-9+/]{43}='
const instant = '[0-9TZ:.-]{20,30}'
const statement = new RegExp(
  `^${origin}-purge\\nentries (?<first>[1-9][0-9]{0,15}) to (?<last>[1-9][0-9]{0,15})\\nroot (?<hash>${base64})\\n` +
    `sealed_at (?<sealed>${instant})\\nkept_years (?<years>[1-9][0-9]{0,2})\\npurged_at (?<purged>${instant})\\n` +
    `by (?<by>[^\\n]+)\\nreason (?<reason>[^\\n]+)\\n\\n${signaturePrefix}(?<signature>[A-Za-z0-9+/]+=*)\\n$`,
  'u',
)

function textOf(purge: Purge): string {
  return `${origin}-purge
entries ${purge.first_seq} to ${purge.last_seq}
root ${purge.root_hash.toString('base64')}
sealed_at ${purge.sealed_at}
kept_years ${purge.kept_years}
purged_at ${purge.purged_at}
by ${purge.by}
reason ${purge.reason}
`
}

function withSignature(text: string, keyId: string, signature: Buffer): string {
  return `${text}\n${signaturePrefix}${Buffer.concat([Buffer.from(keyId, 'hex'), signature]).toString('base64')}\n`
}
