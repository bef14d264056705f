// Exact-match tokens: keyed hashes by which a sealed value is found again. Only for values that are unique or hard to
// guess: a token of a name, a birth date, a sex or a diagnosis would give people away by counting. The list is closed.
import { createHmac, createSecretKey, hkdfSync } from 'node:crypto'

/**
 * What may be searched by token, and how many bytes of HMAC-SHA-256 are kept. Short ones collide
 * by design, and so whoever searches compares the opened value with what was asked for.
 */
export const tokenKinds = {
  ssn: { bytes: 16 },
  national_id: { bytes: 16 },
  policy_number: { bytes: 16 },
  email: { bytes: 16 },
  username: { bytes: 16 },
  phone: { bytes: 8 },
  name_birth_date: { bytes: 8 },
} as const satisfies Record<string, { bytes: 8 | 16 }>

export type TokenKind = keyof typeof tokenKinds

/** `root` has 32 random bytes. */
export type IndexRoot = { version: number; root: Buffer }

/** `key_version` is the version of the index root. */
export type Token = { key_version: number; token: Buffer }

export type Tokenizer = {
  /**
   * One token per root version, newest first: write all, search by all, while a root is being replaced.
   * The value comes normalised (e-mail folded, phone in E.164, digits of an SSN only …): two spellings give two tokens.
   */
  tokens(kind: TokenKind, value: string): Token[]
}

export const rootBytes = 32

/**
 * Makes tokens for one table: the same e-mail in two tables gives two tokens, so that they do not tell who is who.
 * `roots` newest first. Throws an Error when there is none or one is malformed.
 */
export function createTokenizer(roots: readonly IndexRoot[], table: string): Tokenizer {
  if (roots.length === 0) throw new Error('there is no index root: nothing could be found again')
  roots.forEach(({ version, root }, index) => {
    const newer = roots[index - 1]
    if (newer !== undefined && newer.version <= version)
      throw new Error('index roots must come newest first, each once')
    if (root.length !== rootBytes) throw new Error(`index root ${version} must have ${rootBytes} bytes`)
  })
  const keysByKind = new Map(
    Object.keys(tokenKinds).map((kind) => [
      kind,
      roots.map(({ version, root }) => ({ version, key: deriveTokenKey(root, table, kind) })),
    ]),
  )

  return {
    tokens(kind, value) {
      const keys = keysByKind.get(kind)
      if (keys === undefined) throw new TypeError('tokens are made for declared kinds only')
      if (value === '') throw new TypeError(`an empty ${kind} has no token: all who lack one would match`)
      return keys.map(({ version, key }) => ({
        key_version: version,
        token: createHmac('sha256', key).update(value).digest().subarray(0, tokenKinds[kind].bytes),
      }))
    },
  }
}

function deriveTokenKey(root: Buffer, table: string, kind: string) {
  return createSecretKey(Buffer.from(hkdfSync('sha256', root, '', `openward/token/v1/${table}/${kind}`, 32)))
}
