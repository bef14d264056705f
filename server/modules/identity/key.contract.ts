// The public keys that access tokens are verified with.
import { z } from 'zod'
import type { Api } from '#platform/contract/operation.ts'

const Jwk = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  kid: z.string(),
  use: z.literal('sig'),
  alg: z.literal('EdDSA'),
})

export const keyApi = {
  jwks: {
    method: 'GET',
    path: '/.well-known/jwks.json',
    summary: 'The public keys of access tokens (RFC 7517)',
    access: 'public',
    audit: 'none',
    returns: [200, z.object({ keys: z.array(Jwk) })],
    problems: [],
  },
} as const satisfies Api
