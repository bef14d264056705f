// Azure Key Vault (or Managed HSM) as the place of the outermost key: it wraps and unwraps the keys that this server works with,
// and its own key never leaves it. Asked at the start and at rotations only, never for a record.
import type { TokenCredential } from '@azure/identity'
import type { CryptographyClientOptions, KeyVaultKey, KeyWrapAlgorithm } from '@azure/keyvault-keys'
import { certain } from '#platform/certain.ts'
import { ConfigurationError, keyAddress } from '#platform/configuration.ts'

/** A key as the vault has wrapped it: under which of its keys, with the version, and how. */
export type WrappedByVault = { vault_key: string; algorithm: string; wrapped: Buffer }

export type Vault = {
  /** Wraps under the newest version of the first key. @throws ConfigurationError, VaultUnavailable */
  wrap(key: Buffer): Promise<WrappedByVault>
  /** @throws ConfigurationError when the vault refuses, or its key is another; VaultUnavailable */
  unwrap(stored: WrappedByVault): Promise<Buffer>
  /** Addresses of the keys, newest first. */
  keys: readonly string[]
}

export type VaultOptions = {
  /** Addresses of keys as OPENWARD_KMS_URL names them, newest first: the first wraps, all unwrap. */
  keys: readonly string[]
  /** Whoever this process is to Azure; what DefaultAzureCredential finds where it is not given. */
  credential?: TokenCredential
  client?: CryptographyClientOptions
}

/** The vault, or whoever vouches for this server, does not answer now: another try later may help. */
export class VaultUnavailable extends Error {
  constructor(vault: string, why: string, cause: unknown) {
    super(`the key vault ${vault} cannot be asked: ${why}`, { cause })
    this.name = 'VaultUnavailable'
  }
}

const answerWithinMilliseconds = 30_000

/** Vault, name and version of a key's address; undefined for what is none. */
export function readKeyAddress(text: string) {
  const [, vault, name, version] = keyAddress.exec(text) ?? []
  return vault === undefined || name === undefined ? undefined : { vault, name, version }
}

/** Asks nothing yet; the packages of Azure are loaded when it is asked. */
export function openVault({ keys, credential, client = {} }: VaultOptions): Vault {
  let identity = credential
  async function azure() {
    const [{ CryptographyClient, KeyClient }, { DefaultAzureCredential }] = await Promise.all([
      import('@azure/keyvault-keys'),
      import('@azure/identity'),
    ])
    identity ??= new DefaultAzureCredential()
    return { CryptographyClient, KeyClient, identity }
  }

  async function unwrap({ vault_key, algorithm, wrapped }: WrappedByVault): Promise<Buffer> {
    const { vault, name } = placeOf(vault_key)
    // An address that only the database names is not asked: whoever writes there must not choose whom this server trusts.
    const isConfigured = keys.some((key) => {
      const known = readKeyAddress(key)
      return known?.vault === vault && known.name === name
    })
    if (!isConfigured)
      throw new ConfigurationError([
        `OPENWARD_KMS_URL does not name the vault's key ${vault}/keys/${name}, which keys in this database are wrapped under: add it, after a comma, behind the newest one`,
      ])
    return asking(vault_key, async (abortSignal) => {
      const { CryptographyClient, identity: who } = await azure()
      // Without the key's own description the client asks for none: a key that has expired still unwraps.
      const key: KeyVaultKey = { id: vault_key, name, properties: { vaultUrl: vault, name } }
      const cryptography = new CryptographyClient(key, who, { ...client })
      const { result } = await cryptography.unwrapKey(algorithm as KeyWrapAlgorithm, wrapped, { abortSignal })
      return Buffer.from(result)
    })
  }

  return {
    keys,
    unwrap,
    async wrap(key) {
      const [newest = ''] = keys
      const { vault, name, version } = placeOf(newest)
      const stored = await asking(newest, async (abortSignal) => {
        const { CryptographyClient, KeyClient, identity: who } = await azure()
        const found = await new KeyClient(vault, who, { ...client }).getKey(name, {
          abortSignal,
          ...(version === undefined ? {} : { version }),
        })
        const algorithm = wrapsBy(found)
        const { result } = await new CryptographyClient(found, who, { ...client }).wrapKey(algorithm, key, {
          abortSignal,
        })
        return { vault_key: certain(found.id, 'id of a key of the vault'), algorithm, wrapped: Buffer.from(result) }
      })
      // What cannot be unwrapped again must not be used: the right to unwrap is another one.
      if (!(await unwrap(stored)).equals(key))
        throw new Error('the key vault does not give back what was wrapped with it')
      return stored
    },
  }
}

function placeOf(address: string) {
  const place = readKeyAddress(address)
  if (!place) throw new ConfigurationError([`${address} is not the address of a key in a vault`])
  return place
}

/** Of RSA keys and of the symmetric keys of an HSM the strongest way that the vault offers. */
function wrapsBy({ id, keyType }: KeyVaultKey): KeyWrapAlgorithm {
  if (keyType === 'RSA' || keyType === 'RSA-HSM') return 'RSA-OAEP-256'
  if (keyType === 'oct-HSM' || keyType === 'oct') return 'A256KW'
  throw new ConfigurationError([
    `OPENWARD_KMS_URL: the key ${id} is of the type ${keyType}, which wraps no keys: make one of the type RSA or oct-HSM`,
  ])
}

async function asking<T>(address: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  try {
    return await work(AbortSignal.timeout(answerWithinMilliseconds))
  } catch (error) {
    throw error instanceof ConfigurationError ? error : readFailure(address, error)
  }
}

const remedies = new Map<number, string>([
  [
    400,
    'it could not unwrap what is stored: the key was made anew, or the table master_keys altered. Restore the one that is wrong',
  ],
  [
    401,
    'it does not know this server: check the managed identity, or AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET',
  ],
  [
    403,
    'it refuses this server: enable the key, and grant get, wrapKey and unwrapKey (role "Key Vault Crypto Service Encryption User")',
  ],
  [404, 'there is no such key: mend the address, or recover the key if it was deleted'],
])

function readFailure(address: string, error: unknown): Error {
  const { statusCode, name } = error instanceof Error ? (error as Error & { statusCode?: unknown }) : {}
  const remedy = typeof statusCode === 'number' ? remedies.get(statusCode) : undefined
  if (remedy !== undefined)
    return new ConfigurationError([`OPENWARD_KMS_URL: the key vault was asked for ${address}, and ${remedy}`])
  const why =
    name !== undefined && /Credential|Authentication/.test(name)
      ? 'Azure gives this server no identity. Give the machine a managed identity, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET'
      : typeof statusCode === 'number'
        ? `it answers ${statusCode}. Try again in a while`
        : 'it does not answer. Check the address, the network between here and there, and the certificate'
  return new VaultUnavailable(address, why, error)
}
