// Making the search tokens of patients and of insurances anew, while the index roots are rotated.
import { identifierMatchValue } from './identifiers.ts'
import { type PatientToken, patientTokens } from './patient-tokens.ts'
import {
  openCard,
  openContact,
  openIdentifiers,
  openKeyOf,
  type SealedBy,
  type SealedPatient,
} from './patient.sealing.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import { unlessUnreadable } from '#platform/encryption/failures.ts'
import type { Keys } from '#platform/encryption/keys.ts'
import { openJson } from '#platform/encryption/sealing.ts'
import type { TokenSource } from '#platform/encryption/token-source.ts'
import type { Token } from '#platform/encryption/tokens.ts'

type MemberRow = SealedBy & SealedPatient & { id: string; owner: string }

export const patientTokenSource: TokenSource = {
  table: 'patient_tokens',
  owner: 'patient_id',
  has_kinds: true,
  async backfill(tx, keys, ids) {
    // Whoever changes, merges or erases one of these waits, or is waited for.
    await tx.run(sql`select from patients where id = any(${ids}::uuid[]) order by id for no key update`)
    const rows = await tx.rows(findFoundBy(ids))
    const { found, unreadable } = collect(
      rows,
      ({ owner }) => owner,
      (row) => tokensOf(keys, row),
    )
    const tokens = found.flatMap(([owner, own]) => own.map((token) => ({ owner, ...token })))
    const columns = [
      tokens.map(({ owner }) => owner),
      tokens.map(({ kind }) => kind),
      tokens.map(({ key_version }) => key_version),
      tokens.map(({ token }) => token),
    ]
    // Only kinds that an owner has already: what a person is not found by today, they are not found by tomorrow.
    await tx.run(sql`
      with given as (
        select * from unnest(${columns[0]}::uuid[], ${columns[1]}::text[], ${columns[2]}::int[], ${columns[3]}::bytea[])
               as g(patient_id, kind, key_version, token)
         where exists (select from patient_tokens t where t.patient_id = g.patient_id and t.kind = g.kind)
      ), other as (
        delete from patient_tokens t
         where t.patient_id = any(${found.map(([owner]) => owner)}::uuid[])
           and not exists (select from given g where (g.patient_id, g.kind, g.key_version, g.token) = (t.patient_id, t.kind, t.key_version, t.token))
      )
      insert into patient_tokens (patient_id, kind, key_version, token)
      select patient_id, kind, key_version, token from given order by kind, key_version, token on conflict do nothing`)
    return unreadable
  },
}

/** The records that each of these is found by: their own, and those that were merged into it. */
function findFoundBy(ids: readonly string[]): Sql<MemberRow> {
  return sql`
    with recursive member as (
      select id, id as owner from patients where id = any(${ids}::uuid[])
      union all
      select p.id, member.owner from patients p join member on p.merged_into = member.id
    )
    select p.id, member.owner, p.key_id, k.kek_id, k.wrapped, p.sealed_card, p.sealed_contact, p.sealed_identifiers
      from member join patients p on p.id = member.id join patient_keys k on k.id = p.key_id
     where p.erased_at is null`
}

function tokensOf(keys: Keys, row: MemberRow): PatientToken[] {
  const key = openKeyOf(keys.keyring, row)
  return patientTokens(keys.tokenizer('patients'), {
    ...openCard(key, row.id, row.sealed_card),
    ...openContact(key, row.id, row.sealed_contact),
    ...openIdentifiers(key, row.id, row.sealed_identifiers),
  })
}

type PolicyRow = SealedBy & { id: string; patient_id: string; sealed_policy: Buffer }

export const insuranceTokenSource: TokenSource = {
  table: 'insurance_tokens',
  owner: 'insurance_id',
  has_kinds: false,
  async backfill(tx, keys, ids) {
    // Patients before their insurances, as a merge takes them.
    await tx.run(sql`
      select from patients where id in (select patient_id from insurances where id = any(${ids}::uuid[])) order by id for no key update`)
    const rows = await tx.rows(sql<PolicyRow>`
      select i.id, i.patient_id, i.key_id, k.kek_id, k.wrapped, i.sealed_policy
        from insurances i join patient_keys k on k.id = i.key_id
       where i.id = any(${ids}::uuid[]) order by i.id for no key update of i`)
    const { found, unreadable } = collect(
      rows,
      ({ id }) => id,
      (row) => policyTokens(keys, row),
    )
    const patientOf = new Map(rows.map(({ id, patient_id }) => [id, patient_id]))
    const tokens = found.flatMap(([id, own]) => own.map((token) => ({ id, patient_id: patientOf.get(id), ...token })))
    await tx.run(sql`
      with given as (
        select * from unnest(${tokens.map(({ id }) => id)}::uuid[], ${tokens.map(({ patient_id }) => patient_id)}::uuid[],
                             ${tokens.map(({ key_version }) => key_version)}::int[], ${tokens.map(({ token }) => token)}::bytea[])
               as g(insurance_id, patient_id, key_version, token)
      ), other as (
        delete from insurance_tokens t
         where t.insurance_id = any(${found.map(([id]) => id)}::uuid[])
           and not exists (select from given g where (g.insurance_id, g.key_version, g.token) = (t.insurance_id, t.key_version, t.token))
      )
      insert into insurance_tokens (insurance_id, patient_id, key_version, token)
      select insurance_id, patient_id, key_version, token from given order by key_version, token on conflict do nothing`)
    return unreadable
  },
}

function policyTokens(keys: Keys, row: PolicyRow): Token[] {
  const place = { table: 'insurances', column: 'sealed_policy', row_id: row.id }
  const { policy_number } = openJson<{ policy_number: string }>(openKeyOf(keys.keyring, row), place, row.sealed_policy)
  return keys.tokenizer('insurances').tokens('policy_number', identifierMatchValue(policy_number))
}

/** The tokens by owner; one record that does not open keeps its owner out, and nobody else. */
function collect<Row, T extends Token>(
  rows: readonly Row[],
  ownerOf: (row: Row) => string,
  read: (row: Row) => T[],
): { found: [string, T[]][]; unreadable: string[] } {
  const found = new Map<string, T[]>()
  const unreadable = new Set<string>()
  for (const row of rows) {
    const owner = ownerOf(row)
    unlessUnreadable(
      () => found.set(owner, [...(found.get(owner) ?? []), ...read(row)]),
      () => unreadable.add(owner),
    )
  }
  for (const owner of unreadable) found.delete(owner)
  return { found: [...found], unreadable: [...unreadable] }
}
