// The client of Azure Key Vault against a stand-in that speaks its protocol over TLS.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, beforeEach, describe, it } from 'node:test'
import { EnvironmentCredential } from '@azure/identity'
import { ConfigurationError } from '#platform/configuration.ts'
import { startVaultStandIn, type VaultStandIn } from './vault-stand-in.testing.ts'
import { openVault, VaultUnavailable } from './vault.ts'

let standIn: VaultStandIn
const key = randomBytes(32)
const opened = () => openVault({ keys: [standIn.address], ...standIn.options() })

before(async () => void (standIn = await startVaultStandIn()))
after(() => standIn[Symbol.asyncDispose]())
beforeEach(() => {
  standIn.refuseAll(undefined)
  standIn.asked.length = 0
})

describe('a key that the vault wraps', () => {
  it('comes back as it was, under the version of the vault’s key that wrapped it, once the challenge is met', async () => {
    const stored = await opened().wrap(key)
    assert.equal(standIn.asked[0], 'challenge')
    assert.ok(standIn.asked.includes('wrapkey'))
    assert.equal(stored.algorithm, 'RSA-OAEP-256')
    assert.match(stored.vault_key, /\/keys\/openward\/[0-9a-f]{32}$/)
    assert.ok(!stored.wrapped.includes(key))
    standIn.renewKey()
    assert.deepEqual(await opened().unwrap(stored), key)
    assert.notEqual((await opened().wrap(key)).vault_key, stored.vault_key)
  })

  it('is unwrapped although the vault throttles, as often as it says', async () => {
    const stored = await opened().wrap(key)
    const tooMany = { status: 429, code: 'Throttled' }
    standIn.refuseNext(tooMany, tooMany)
    assert.deepEqual(await opened().unwrap(stored), key)
    standIn.refuseAll(tooMany)
    await assert.rejects(opened().unwrap(stored), (error) => {
      return error instanceof VaultUnavailable && /answers 429/.test(error.message)
    })
  })

  it('is not sought at an address that only the database names', async () => {
    const stored = await opened().wrap(key)
    const other = openVault({ keys: ['https://elsewhere.vault.azure.net/keys/openward'], ...standIn.options() })
    standIn.asked.length = 0
    await assert.rejects(other.unwrap(stored), /OPENWARD_KMS_URL does not name/)
    assert.deepEqual(standIn.asked, [])
  })

  it('is wrapped under the version that the address names, also when there is a newer one', async () => {
    const { vault_key } = await opened().wrap(key)
    standIn.renewKey()
    const named = openVault({ keys: [vault_key], ...standIn.options() })
    const stored = await named.wrap(key)
    assert.equal(stored.vault_key, vault_key)
    assert.deepEqual(await opened().unwrap(stored), key)
  })

  it('is wrapped by the symmetric key of an HSM, and comes back', async () => {
    await using hsm = await startVaultStandIn('hsm', 'oct-HSM')
    const vault = openVault({ keys: [hsm.address], ...hsm.options() })
    const stored = await vault.wrap(key)
    assert.equal(stored.algorithm, 'A256KW')
    assert.ok(!stored.wrapped.includes(key))
    assert.deepEqual(await vault.unwrap(stored), key)
  })

  it('is not used when the vault gives back another one', async () => {
    standIn.forgets(true)
    await assert.rejects(opened().wrap(key), /does not give back what was wrapped/)
    standIn.forgets(false)
  })

  it('is sought at no address that is none of a key', async () => {
    const stored = await opened().wrap(key)
    standIn.asked.length = 0
    for (const vault_key of ['', 'openward', standIn.address.replace('https', 'http'), `${standIn.address}/a/b`])
      await assert.rejects(opened().unwrap({ ...stored, vault_key }), (error) => {
        return error instanceof ConfigurationError && /is not the address of a key in a vault/.test(error.message)
      })
    assert.deepEqual(standIn.asked, [])
  })

  it('does not open under another key of the same name', async () => {
    await using replaced = await startVaultStandIn()
    const vault = openVault({ keys: [replaced.address], ...replaced.options() })
    const stored = await vault.wrap(key)
    replaced.replaceKeys()
    await assert.rejects(vault.unwrap(stored), (error) => {
      return error instanceof ConfigurationError && /could not unwrap/.test(error.message)
    })
  })
})

describe('a vault', () => {
  for (const [status, code, says] of [
    [401, 'Unauthorized', /does not know this server: check the managed identity/],
    [403, 'Forbidden', /grant get, wrapKey and unwrapKey/],
    [404, 'KeyNotFound', /mend the address/],
  ] as const) {
    it(`that answers ${status} is told with what to do, and nothing is wrapped`, async () => {
      standIn.refuseAll({ status, code })
      await assert.rejects(opened().wrap(key), (error) => {
        assert.ok(error instanceof ConfigurationError, String(error))
        assert.match(error.message, says)
        assert.ok(!error.message.includes('a-token-of'))
        return true
      })
      assert.ok(!standIn.asked.includes('wrapkey'))
    })
  }

  it('whose key wraps nothing is told with what to do', async () => {
    await using curve = await startVaultStandIn('curve', 'EC')
    await assert.rejects(openVault({ keys: [curve.address], ...curve.options() }).wrap(key), (error) => {
      return error instanceof ConfigurationError && /is of the type EC, which wraps no keys/.test(error.message)
    })
    assert.ok(!curve.asked.includes('wrapkey'))
  })

  it('that a machine without an identity asks is told with what to do', async () => {
    // The identity of a machine that nobody gave one.
    const credential = new EnvironmentCredential()
    const vault = openVault({ keys: [standIn.address], ...standIn.options(), credential })
    await assert.rejects(vault.wrap(key), (error) => {
      return error instanceof VaultUnavailable && /gives this server no identity/.test(error.message)
    })
  })

  it('that breaks is another matter than a wrong configuration', async () => {
    standIn.refuseAll({ status: 500, code: 'InternalError' })
    await assert.rejects(opened().wrap(key), VaultUnavailable)
  })

  it('that nobody vouches for is sent no key', async () => {
    const { credential } = standIn.options()
    const vault = openVault({
      keys: [standIn.address],
      ...(credential ? { credential } : {}),
      client: { retryOptions: { maxRetries: 0 } },
    })
    await assert.rejects(
      vault.wrap(key),
      (error) => error instanceof VaultUnavailable && /certificate/.test(error.message),
    )
    assert.deepEqual(standIn.asked, [])
  })

  it('is asked for a token of its own domain only', async () => {
    const { client, ...rest } = standIn.options()
    const vault = openVault({
      keys: [standIn.address],
      ...rest,
      client: { ...client, disableChallengeResourceVerification: false },
    })
    await assert.rejects(vault.wrap(key), VaultUnavailable)
    assert.deepEqual(new Set(standIn.asked), new Set(['challenge']))
  })
})
