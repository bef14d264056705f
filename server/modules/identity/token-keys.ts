// The keys that sign access tokens, as they are made, stored and published.
import { type KeyObject, createHash, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { z } from 'zod'

export type TokenKey = { kid: string; public_key_pem: string }
export type TokenSigningKey = TokenKey & { private_key_pem: string }

/** RFC 8037. Whatever else a published key holds is ignored, but a private one (`d`) is refused. */
const PublicJwk = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string().regex(/^[\w-]{43}$/),
  kid: z.string().regex(/^[\w-]{1,64}$/),
  use: z.literal('sig'),
  alg: z.literal('EdDSA'),
  d: z.undefined().optional(),
})

export type PublicJwk = Omit<z.infer<typeof PublicJwk>, 'd'>

/** A new Ed25519 key whose id is its RFC 7638 thumbprint. */
export function generateTokenKey(): TokenSigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  return {
    kid: thumbprint(publicKey),
    public_key_pem: pemOf(publicKey),
    private_key_pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

/** What `/.well-known/jwks.json` answers: public parts only. */
export function publicJwks(keys: readonly TokenKey[]): { keys: PublicJwk[] } {
  return {
    keys: keys.map(({ kid, public_key_pem }) => ({
      kty: 'OKP',
      crv: 'Ed25519',
      x: publicPart(createPublicKey(public_key_pem)),
      kid,
      use: 'sig',
      alg: 'EdDSA',
    })),
  }
}

/**
 * The keys of another server's `/.well-known/jwks.json`; those of another kind are left out.
 * @throws ZodError when the document is not a key set
 */
export function keysFromJwks(document: unknown): TokenKey[] {
  const { keys } = z.object({ keys: z.array(z.unknown()).max(20) }).parse(document)
  return keys.flatMap((candidate) => {
    const jwk = PublicJwk.safeParse(candidate).data
    if (!jwk) return []
    const key = createPublicKey({ format: 'jwk', key: { kty: jwk.kty, crv: jwk.crv, x: jwk.x } })
    return [{ kid: jwk.kid, public_key_pem: pemOf(key) }]
  })
}

/** The id of a key by RFC 7638: the same wherever it is computed. */
export function thumbprint(key: KeyObject): string {
  const members = JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x: publicPart(key) })
  return createHash('sha256').update(members).digest('base64url')
}

function publicPart(key: KeyObject): string {
  const { crv, x } = key.export({ format: 'jwk' })
  if (crv !== 'Ed25519' || x === undefined) throw new TypeError('access tokens are signed with Ed25519 keys only')
  return x
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString()
}
