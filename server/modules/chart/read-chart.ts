// What prescribing asks the chart for: every allergy and condition of a patient, within the transaction that signs.
import type { Tx } from '#platform/database/transaction.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import type { Allergy } from './allergy.contract.ts'
import { openSealed } from './chart.sealing.ts'
import type { Condition } from './condition.contract.ts'
import { type EntryRow, type EntryTable, listEveryEntry } from './entry.store.ts'

export type KnownAllergy = Pick<Allergy, 'id' | 'substance' | 'code' | 'reaction' | 'severity' | 'status'>
export type KnownCondition = Pick<Condition, 'id' | 'text' | 'icd10_code' | 'clinical_status'>

/** In the reach of the transaction. @throws Problem keyUnavailable, IntegrityError: what cannot be read must not count as nothing */
export async function readChart(
  keyring: Keyring,
  tx: Tx,
  patient_id: string,
): Promise<{ allergies: KnownAllergy[]; conditions: KnownCondition[] }> {
  const opened = async <Known>(table: EntryTable): Promise<Known[]> =>
    (await tx.rows(listEveryEntry(table, patient_id))).map((row: EntryRow) => {
      const content = openSealed<Omit<Known, 'id'>>(
        keyring,
        { table, column: 'sealed_entry' },
        row.id,
        row,
        row.sealed_entry,
      )
      return { id: row.id, ...content } as Known
    })
  const [allergies, conditions] = await Promise.all([
    opened<KnownAllergy>('allergies'),
    opened<KnownCondition>('conditions'),
  ])
  return { allergies, conditions }
}
