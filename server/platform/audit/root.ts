// A signed root: how many entries the log has, and the one hash that stands for all of them, signed with Ed25519.
// Its text is a C2SP tlog-checkpoint in a signed note, so that other tools can check and witness it:
//
//   openward-audit
//   <entries>
//   <base64 of the root hash>
//   sealed_at <instant>
//   previous <base64 of the SHA-256 of the previous root's text, or none>
//
//   — openward-audit <base64 of 4 bytes that name the key, and the signature>
import { createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto'

export type Root = {
  tree_size: number
  root_hash: Buffer
  sealed_at: string
  previous_hash: Buffer | null
}

export type SignedRoot = Root & { key_id: string; signature: Buffer }

export type RootSigner = { key_id: string; public_key: KeyObject; private_key: KeyObject }

/** The keys that a verifier trusts, by their `key_id`. */
export type TrustedKeys = ReadonlyMap<string, KeyObject>

export const origin = 'openward-audit'

const signaturePrefix = `\u2014 ${origin} `
const keyIdBytes = 4
const ed25519 = 0x01

/** @throws TypeError when the key is not a private Ed25519 key. */
export function createRootSigner(privateKey: KeyObject): RootSigner {
  if (privateKey.type !== 'private') throw new TypeError('roots are signed with a private key')
  const public_key = createPublicKey(privateKey)
  return { key_id: keyIdOf(public_key), public_key, private_key: privateKey }
}

export function signRoot(root: Root, signer: RootSigner): SignedRoot {
  return { ...root, key_id: signer.key_id, signature: sign(null, rootToBytes(root), signer.private_key) }
}

/** Whether a trusted key signed exactly this root. */
export function verifyRoot(root: SignedRoot, keys: TrustedKeys): boolean {
  const key = keys.get(root.key_id)
  return key !== undefined && verify(null, rootToBytes(root), key, root.signature)
}

/** What the next root carries as `previous_hash`. */
export function hashOfRoot(root: SignedRoot): Buffer {
  return hash('sha256', formatRoot(root), 'buffer')
}

export function formatRoot(root: SignedRoot): string {
  const signature = Buffer.concat([Buffer.from(root.key_id, 'hex'), root.signature]).toString('base64')
  return `${rootToText(root)}\n${signaturePrefix}${signature}\n`
}

/** @throws SyntaxError when the text is not one root in exactly the form that `formatRoot` writes. */
export function parseRoot(text: string): SignedRoot {
  const match = rootText.exec(text)
  if (match?.groups === undefined) throw new SyntaxError('this is not a signed root of an audit log')
  const { size, hash: rootHash = '', sealed, previous = '', signature = '' } = match.groups
  const signed = fromBase64(signature)
  const root = {
    tree_size: Number(size),
    root_hash: fromBase64(rootHash),
    sealed_at: String(sealed),
    previous_hash: previous === 'none' ? null : fromBase64(previous),
    key_id: signed.subarray(0, keyIdBytes).toString('hex'),
    signature: signed.subarray(keyIdBytes),
  }
  if (formatRoot(root) !== text) throw new SyntaxError('this is not a signed root of an audit log')
  return root
}

/** The roots of a text of many; a last one that was cut off while being written is left out. */
export function parseRoots(text: string): SignedRoot[] {
  return [...text.matchAll(new RegExp(rootText.source.slice(1, -1), 'gmu'))].map(([one]) => parseRoot(one))
}

/** The first 4 bytes of SHA-256(name, newline, algorithm, key), in hex, as signed notes name a key. */
export function keyIdOf(publicKey: KeyObject): string {
  const named = Buffer.concat([Buffer.from(`${origin}\n`), Buffer.of(ed25519), rawPublicKey(publicKey)])
  return hash('sha256', named, 'buffer').subarray(0, keyIdBytes).toString('hex')
}

/** The key as verifiers of signed notes take it: `openward-audit+<key_id>+<base64>`. */
export function formatTrustedKey(publicKey: KeyObject): string {
  const encoded = Buffer.concat([Buffer.of(ed25519), rawPublicKey(publicKey)]).toString('base64')
  return `${origin}+${keyIdOf(publicKey)}+${encoded}`
}

/** @throws SyntaxError when a text is not a key as `formatTrustedKey` writes it. */
export function parseTrustedKeys(texts: Iterable<string>): Map<string, KeyObject> {
  const keys = new Map<string, KeyObject>()
  for (const text of texts) {
    const encoded = Buffer.from(text.split('+').slice(2).join('+'), 'base64')
    const x = encoded.subarray(1).toString('base64url')
    if (encoded.length !== 33) throw new SyntaxError('this is not the public key of an audit log')
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
    if (formatTrustedKey(key) !== text) throw new SyntaxError('this is not the public key of an audit log')
    keys.set(keyIdOf(key), key)
  }
  return keys
}

const rootText = new RegExp(
  `^${origin}\\n(?<size>[1-9][0-9]{0,15})\\n(?<hash>[A-Za-z0-9+/]{43}=)\\nsealed_at (?<sealed>[0-9TZ:.-]{20,30})\\n` +
    `previous (?<previous>none|[A-Za-z0-9+/]{43}=)\\n\\n${signaturePrefix}(?<signature>[A-Za-z0-9+/]+=*)\\n$`,
  'u',
)

function rootToText({ tree_size, root_hash, sealed_at, previous_hash }: Root): string {
  const previous = previous_hash === null ? 'none' : previous_hash.toString('base64')
  return `${origin}\n${tree_size}\n${root_hash.toString('base64')}\nsealed_at ${sealed_at}\nprevious ${previous}\n`
}

function rootToBytes(root: Root): Buffer {
  return Buffer.from(rootToText(root))
}

function rawPublicKey(publicKey: KeyObject): Buffer {
  const { crv, x } = publicKey.export({ format: 'jwk' })
  if (crv !== 'Ed25519' || x === undefined) throw new TypeError('roots are signed with Ed25519')
  return Buffer.from(x, 'base64url')
}

function fromBase64(text: string): Buffer {
  return Buffer.from(text, 'base64')
}
