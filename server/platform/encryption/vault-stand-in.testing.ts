// A stand-in for Azure Key Vault: its REST protocol over TLS, with challenges, versions, throttling and refusals, and keys of its own.
// It is not the service: what Azure really does beyond its documentation no test shows.
import { spawnSync } from 'node:child_process'
import {
  constants,
  createCipheriv,
  createDecipheriv,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { VaultOptions } from './vault.ts'

const token = 'a-token-of-the-stand-in'
const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }

type Version = { version: string; publicKey: KeyObject; privateKey: KeyObject; secret: Buffer }
/** Symmetric keys there are in an HSM only; keys of elliptic curves wrap nothing. */
type KeyType = 'RSA' | 'oct-HSM' | 'EC'
type Refusal = { status: number; code: string }

export type VaultStandIn = Awaited<ReturnType<typeof startVaultStandIn>>

/** A vault with one key, of RSA unless said. */
export async function startVaultStandIn(name = 'openward', kty: KeyType = 'RSA') {
  const certificate = makeCertificate()
  const versions: Version[] = []
  const asked: string[] = []
  let refusals: Refusal[] = []
  let refusesAlways: Refusal | undefined
  let isForgetful = false

  function renewKey() {
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
    versions.push({ version: randomBytes(16).toString('hex'), ...pair, secret: randomBytes(32) })
  }
  renewKey()

  const server = createServer(certificate, (request, response) => void answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const vault = `https://127.0.0.1:${port}`

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const body = await bodyOf(request)
    const { pathname } = new URL(request.url ?? '/', vault)
    if (request.headers.authorization !== `Bearer ${token}`) {
      asked.push('challenge')
      response.setHeader(
        'www-authenticate',
        'Bearer authorization="https://login.microsoftonline.com/11111111-1111-1111-1111-111111111111", resource="https://vault.azure.net"',
      )
      return refuse(response, { status: 401, code: 'Unauthorized' })
    }
    const [, keys, key, ...rest] = pathname.split('/')
    const verb = ['wrapkey', 'unwrapkey'].find((known) => known === rest.at(-1)) ?? 'get'
    asked.push(verb)
    const refusal = refusesAlways ?? refusals.shift()
    if (refusal) return refuse(response, refusal)
    const asks = verb === 'get' ? rest[0] : rest[0] === verb ? undefined : rest[0]
    const found = asks ? versions.find(({ version }) => version === asks) : versions.at(-1)
    if (keys !== 'keys' || key !== name || !found) return refuse(response, { status: 404, code: 'KeyNotFound' })
    const kid = `${vault}/keys/${name}/${found.version}`
    if (verb === 'get') {
      const { n, e } = found.publicKey.export({ format: 'jwk' })
      return send(response, 200, {
        key: { kid, kty, key_ops: ['wrapKey', 'unwrapKey'], ...(kty === 'RSA' ? { n, e } : {}) },
        attributes: { enabled: true },
      })
    }
    const { alg, value } = JSON.parse(body) as { alg: string; value: string }
    if (alg !== (kty === 'RSA' ? 'RSA-OAEP-256' : 'A256KW'))
      return refuse(response, { status: 400, code: 'BadParameter' })
    const given = Buffer.from(value, 'base64url')
    try {
      const way = kty === 'RSA' ? ofRsa(found) : ofSecret(found)
      const result = verb === 'wrapkey' ? way.wrap(given) : isForgetful ? randomBytes(32) : way.unwrap(given)
      return send(response, 200, { kid, value: result.toString('base64url') })
    } catch {
      return refuse(response, { status: 400, code: 'BadParameter' })
    }
  }

  return {
    /** The address of the key, as OPENWARD_KMS_URL names it. */
    address: `${vault}/keys/${name}`,
    /** What was asked so far: `challenge`, `get`, `wrapkey`, `unwrapkey`. */
    asked,
    /** For `openVault`: trust in the certificate of this stand-in, and a token that it knows. */
    options(tokenGiven = token): Omit<VaultOptions, 'keys'> {
      return {
        credential: { getToken: async () => ({ token: tokenGiven, expiresOnTimestamp: Date.now() + 3_600_000 }) },
        client: {
          // The challenge names Azure's own domain, and this is not in it.
          disableChallengeResourceVerification: true,
          tlsOptions: { ca: certificate.cert },
          retryOptions: { maxRetries: 3, retryDelayInMs: 1, maxRetryDelayInMs: 5 },
        },
      }
    },
    /** A new version of the key; older ones still unwrap. */
    renewKey,
    /** As if every version had been lost, and a key of the same name and versions made anew. */
    replaceKeys: () => {
      for (const known of versions) Object.assign(known, generateKeyPairSync('rsa', { modulusLength: 2048 }))
    },
    /** The next answers. */
    refuseNext: (...next: Refusal[]) => void (refusals = next),
    /** Whether it unwraps another key than was wrapped. */
    forgets: (whether: boolean) => void (isForgetful = whether),
    refuseAll: (refusal: Refusal | undefined) => void (refusesAlways = refusal),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const ofRsa = ({ publicKey, privateKey }: Version) => ({
  wrap: (key: Buffer) => publicEncrypt({ key: publicKey, ...padding }, key),
  unwrap: (wrapped: Buffer) => privateDecrypt({ key: privateKey, ...padding }, wrapped),
})

/** RFC 3394. */
function ofSecret({ secret }: Version) {
  const start = Buffer.alloc(8, 0xa6)
  const run = (cipher: ReturnType<typeof createCipheriv>, bytes: Buffer) =>
    Buffer.concat([cipher.update(bytes), cipher.final()])
  return {
    wrap: (key: Buffer) => run(createCipheriv('id-aes256-wrap', secret, start), key),
    unwrap: (wrapped: Buffer) => run(createDecipheriv('id-aes256-wrap', secret, start), wrapped),
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

function refuse(response: ServerResponse, { status, code }: Refusal) {
  if (status === 429) response.setHeader('retry-after-ms', '1')
  send(response, status, { error: { code, message: `the stand-in answers ${code}` } })
}

function send(response: ServerResponse, status: number, body: unknown) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** A certificate for 127.0.0.1, made for this run. @throws Error where there is no openssl */
function makeCertificate(): { key: string; cert: string } {
  const options = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1'
  const { stdout } = spawnSync('openssl', [...options.split(' '), '-keyout', '-', '-out', '-'], { encoding: 'utf8' })
  const [key, cert] = ['PRIVATE KEY', 'CERTIFICATE'].map((what) => {
    return new RegExp(`-----BEGIN ${what}-----[^]*?-----END ${what}-----`).exec(stdout ?? '')?.[0]
  })
  if (key === undefined || cert === undefined)
    throw new Error('openssl is needed to make the certificate of the stand-in')
  return { key, cert }
}
