import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import { EmergencyKeyRefused, generateEmergencyKey, openKeyFile, parsePublicKey } from './keys.ts'

const passphrase = 'correct horse battery'
const refused = (words: RegExp) => (error: unknown) => error instanceof EmergencyKeyRefused && words.test(error.message)

test('a key file opens with its passphrase, and to the key whose public half the servers have', async () => {
  const { public_key, file } = await generateEmergencyKey(passphrase)
  const { x } = createPublicKey(await openKeyFile(file, passphrase)).export({ format: 'jwk' })
  assert.equal(parsePublicKey(public_key)?.raw.toString('base64url'), x)
  await assert.rejects(openKeyFile(file, `${passphrase}!`), refused(/passphrase is not that of this key file/))
  // A public key of somebody else's beside the sealed half.
  const other = { ...(JSON.parse(file) as object), public_key: 'owe1_other' }
  await assert.rejects(openKeyFile(JSON.stringify(other), passphrase), refused(/not that of this key file/))
})

test('a file that holds no key is told from a wrong passphrase', async () => {
  for (const text of ['', 'owe1_something', '{"openward_emergency_key":2}', '[]'])
    await assert.rejects(openKeyFile(text, passphrase), refused(/the key file holds no break-glass key/), text)
})
