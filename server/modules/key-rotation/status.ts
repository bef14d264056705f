// How old the keys are, under which master keys they lie, and which rotations were interrupted. Ids and numbers only.
import { sql } from '#platform/database/sql.ts'
import { kekIds } from '#platform/encryption/keyring.ts'
import { countByKek } from './master-key.ts'
import type { Rotation } from './rotation.ts'
import { tokenSources } from './index-roots.ts'
import { named } from './rotation.ts'

type Aged = { name: string; id: string; days: number; is_current: boolean }

const unused = 'known, not used yet: run `openward keys rotate --kek`'

/** Lines for the operator to read. */
export async function describeKeys(rotation: Pick<Rotation, 'database' | 'keys'>): Promise<string[]> {
  const { database, keys } = rotation
  const [newest, ...older] = kekIds(keys.keyring)
  const counts = await countByKek(rotation)
  const ofVault = keys.keyring.vault
    ? await database.once((tx) =>
        tx.rows(sql<{ id: string; vault_key: string; days: number; is_used: boolean }>`
          select id, vault_key, (extract(epoch from now() - made_at) / 86400)::int as days, used_at is not null as is_used
            from master_keys order by number desc`),
      )
    : []
  const { aged, patients, tokens, interrupted } = await database.once(async (tx) => {
    const [agedRows, patientRow, tokenRows, interruptedRows] = await Promise.all([
      tx.rows(sql<Aged>`
        select 'system key for ' || purpose as name, id::text, (extract(epoch from now() - created_at) / 86400)::int as days, retired_at is null as is_current from system_keys
        union all select 'index root', version::text, (extract(epoch from now() - created_at) / 86400)::int, retired_at is null from index_roots
        union all select 'signing key for ' || purpose, id, (extract(epoch from now() - created_at) / 86400)::int, retired_at is null from signing_keys
        order by 1, 4 desc, 3`),
      tx.first(sql<{ current: number; replaced: number; destroyed: number; oldest_days: number | null }>`
        select count(*) filter (where wrapped is not null and replaced_by is null) as current,
               count(*) filter (where wrapped is not null and replaced_by is not null) as replaced,
               count(*) filter (where wrapped is null) as destroyed,
               (extract(epoch from now() - min(created_at) filter (where wrapped is not null and replaced_by is null)) / 86400)::int as oldest_days
          from patient_keys`),
      Promise.all(
        tokenSources.map(async ({ table }) => ({
          table,
          rows: await tx.rows(
            sql<{
              version: number
              count: number
            }>`select key_version as version, count(*) as count from ${named(table)} group by 1 order by 1 desc`,
          ),
        })),
      ),
      tx.rows(
        sql<{
          kind: string
          started_at: string
        }>`select kind, started_at from key_rotations where finished_at is null order by started_at`,
      ),
    ])
    return { aged: agedRows, patients: patientRow, tokens: tokenRows, interrupted: interruptedRows }
  })
  const role = (id: string) => (id === newest ? 'the newest' : older.includes(id) ? 'an older one' : 'NOT CONFIGURED')
  return [
    'Keys under each master key:',
    ...counts.map(
      ({ table, kek_id, keys: count }) =>
        `  ${table.padEnd(13)} ${kek_id}  ${String(count).padStart(9)}  ${role(kek_id)}`,
    ),
    ...(ofVault.length > 0 ? ['Key-encryption keys that a vault has wrapped:'] : []),
    ...ofVault.map(
      ({ id, vault_key, days, is_used }) =>
        `  ${id}  ${String(days).padStart(5)} days  ${is_used ? 'in use' : unused}  ${vault_key}`,
    ),
    'Keys of patients:',
    `  ${patients?.current ?? 0} in use, the oldest ${patients?.oldest_days ?? 0} days old; ${patients?.replaced ?? 0} replaced, ${patients?.destroyed ?? 0} destroyed`,
    'Keys of the system:',
    ...aged.map(
      ({ name, id, days, is_current }) =>
        `  ${name.padEnd(30)} ${id.slice(0, 43).padEnd(43)} ${String(days).padStart(5)} days  ${is_current ? 'in use' : 'kept'}`,
    ),
    'Search tokens by root:',
    ...tokens.flatMap(({ table, rows }) =>
      rows.map(({ version, count }) => `  ${table.padEnd(17)} ${version}  ${String(count).padStart(9)}`),
    ),
    ...interrupted.map(
      ({ kind, started_at }) =>
        `The rotation of ${kind} that began at ${started_at} was interrupted: run \`openward keys rotate --${kind}\` again.`,
    ),
  ]
}
