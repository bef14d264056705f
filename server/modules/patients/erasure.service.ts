import { type Erasure, legalHold, type Retention, retentionNotOver } from './erasure.contract.ts'
import {
  closeAccount,
  deleteErased,
  destroyKeys,
  emptyRecords,
  findLastEntry,
  findPatientAccounts,
  findPatientByNumber,
  findTreeIds,
  setLegalHold,
} from './erasure.store.ts'
import { assertKeeper } from './merge-journal.ts'
import { lockRecords, type RecordRow } from './merge.store.ts'
import { patientErased } from './patient.contract.ts'
import { isRetentionOver, retentionEnd } from './retention.ts'
import { unattendedDatabase } from './unattended.ts'
import { changesUnder } from '#platform/audit/changes.ts'
import { notFound, Problem, stale } from '#platform/contract/problem.ts'
import { certain } from '#platform/certain.ts'
import type { Context, System } from '#platform/context.ts'
import type { Tx } from '#platform/database/transaction.ts'
import type { Keys } from '#platform/encryption/keys.ts'
import { sealJson } from '#platform/encryption/sealing.ts'

type Judged = { records: RecordRow[]; retention: Retention }

/** @throws Problem notFound, patientErased */
export async function readRetention(ctx: Context, patient_id: string): Promise<Retention> {
  const { retention } = await ctx.database.transaction((tx) => judge(tx, ctx.system, patient_id))
  return retention
}

/** @throws Problem notFound, stale, patientErased */
export async function holdRecord(
  ctx: Context,
  patient_id: string,
  { legal_hold, reason }: { legal_hold: boolean; reason: string },
): Promise<Retention> {
  return ctx.database.transaction(async (tx) => {
    const { records, retention } = await judge(tx, ctx.system, patient_id)
    assertCurrent(ctx.if_match, retention)
    const own = records.find(({ id }) => id === patient_id)
    if (own?.legal_hold !== legal_hold) await tx.run(setLegalHold(patient_id, legal_hold))
    tx.audit({
      action: 'patient.legal_hold',
      resource_type: 'patient',
      resource_id: patient_id,
      patient_id,
      details: { legal_hold },
      changes: sealReason(ctx.system.keys, reason),
    })
    return (await judge(tx, ctx.system, patient_id)).retention
  })
}

/** @throws Problem as the contract lists */
export async function eraseRecord(ctx: Context, patient_id: string, reason: string): Promise<Erasure> {
  return ctx.database.transaction((tx) => erase(tx, ctx.system, { patient_id, reason, if_match: ctx.if_match }))
}

/** For the command line, by the number of the record. @throws Problem as the contract lists */
export async function erasePatient(system: System, patient_number: string, reason: string): Promise<Erasure> {
  return unattendedDatabase(system, { role: 'system', correlation_id: 'command line' }).transaction(async (tx) => {
    const found = await tx.first(findPatientByNumber(patient_number))
    if (!found) throw new Problem(notFound)
    return erase(tx, system, { patient_id: found.id, reason, if_match: undefined })
  })
}

type Asked = { patient_id: string; reason: string; if_match: number | undefined }

async function erase(tx: Tx, system: System, { patient_id, reason, if_match }: Asked): Promise<Erasure> {
  const { records, retention } = await judge(tx, system, patient_id)
  const own = records.find(({ id }) => id === patient_id)
  assertKeeper(own)
  assertCurrent(if_match, retention)
  if (retention.legal_hold) throw new Problem(legalHold)
  const { can_be_erased, retention_ends_on } = retention
  if (!can_be_erased) throw new Problem(retentionNotOver, { retention_ends_on }).naming({ patient_id })

  const destroyed = await destroy(tx, system, { patient_id, ids: records.map(({ id }) => id), reason })
  return { patient_id, patient_number: own.patient_number, ...destroyed }
}

type Destroyed = Omit<Erasure, 'patient_id' | 'patient_number'>

/** Whether it may be done was decided before. */
export async function destroy(
  tx: Tx,
  system: System,
  { patient_id, ids, reason }: { patient_id: string; ids: string[]; reason: string },
): Promise<Destroyed> {
  const accounts = await tx.rows(findPatientAccounts(ids))
  const key = system.keys.system('users')
  const closing = accounts.flatMap(({ user_id }) => {
    const nobody = { first_name: '', last_name: '', email: '', username: '' }
    const place = { table: 'users', column: 'sealed_profile', row_id: user_id }
    return closeAccount({ user_id, key_id: key.id, sealed_profile: sealJson(key, place, nobody) })
  })
  const [keys_destroyed, emptied] = await Promise.all([
    tx.run(destroyKeys(ids)),
    tx.rows(emptyRecords(ids)),
    ...[...closing, ...deleteErased(ids)].map((statement) => tx.run(statement)),
  ])
  const { erased_at, version } = certain(
    emptied.find(({ id }) => id === patient_id),
    'erased record',
  )
  for (const id of ids) {
    tx.audit({
      action: 'patient.erase',
      resource_type: 'patient',
      resource_id: patient_id,
      patient_id: id,
      details: { records: ids.length, keys_destroyed, accounts_closed: accounts.length },
      changes: sealReason(system.keys, reason),
    })
  }
  tx.emit({
    type: 'patient.erased',
    subject_type: 'patient',
    subject_id: patient_id,
    patient_id,
    payload: { patient_ids: ids },
  })
  return { erased_at, records: ids, keys_destroyed, accounts_closed: accounts.length, version }
}

/** Locks the record with all that were merged into it. @throws Problem notFound, patientErased */
async function judge(tx: Tx, { configuration }: Pick<System, 'configuration'>, patient_id: string): Promise<Judged> {
  const records = await lockTree(tx, patient_id)
  const ids = records.map(({ id }) => id)
  const own = records.find(({ id }) => id === patient_id)
  if (!own) throw new Problem(notFound)
  if (own.erased_at !== null) throw new Problem(patientErased)
  const last_entry_at = (await tx.one(findLastEntry(ids))).at
  const ends = retentionEnd(last_entry_at, configuration.timezone)
  const retention_ends_on = ends.toString()
  const legal_hold = records.some((row) => row.legal_hold)
  const isOver = isRetentionOver(ends, configuration.timezone)
  const { version } = own
  return {
    records,
    retention: {
      patient_id,
      legal_hold,
      last_entry_at,
      retention_ends_on,
      can_be_erased: isOver && !legal_hold,
      version,
    },
  }
}

/** Read again under the locks, until nothing was merged or taken out while they were waited for. */
async function lockTree(tx: Tx, patient_id: string): Promise<RecordRow[]> {
  const read = async () => (await tx.rows(findTreeIds(patient_id))).map(({ id }) => id)
  let ids = await read()
  for (;;) {
    const records = await lockRecords(tx, ids)
    const now = await read()
    if (now.join() === ids.join()) return records
    ids = now
  }
}

function assertCurrent(if_match: number | undefined, { version }: Retention) {
  if (if_match !== undefined && if_match !== version) throw new Problem(stale)
}

/** Under a key of the system: why a person was erased must be known when nothing else is. */
function sealReason(keys: Keys, reason: string) {
  return changesUnder(keys.system('audit'), { reason: { before: null, after: reason } })
}
