// A new key that signs prescriptions. The public half of an older one stays for what it has signed.
import type { System } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import { scopedDatabase } from '#platform/database/transaction.ts'
import { insertSigningKey, retireSigningKeys } from './prescription.store.ts'
import { newSigningKey } from './signing.ts'

/** Signs with a new key from the next prescription on, at every server: each reads it in the transaction that signs. Its id. */
export async function rotatePrescriptionKey({ pool, keys }: Pick<System, 'pool' | 'keys'>): Promise<string> {
  const database = scopedDatabase(
    pool,
    { enter: () => sql`select openward.enter_as('none')` },
    { audit: (entry) => ({ role: 'system', correlation_id: 'system', ...entry }) },
  )
  const made = newSigningKey(keys.keyring)
  await database.transaction(async (tx) => {
    await tx.run(sql`select pg_advisory_xact_lock(7203441025)`)
    await tx.run(retireSigningKeys())
    await tx.run(insertSigningKey(made))
    tx.audit({ action: 'prescription_key.rotate', resource_type: 'signing_key', details: { key_id: made.id } })
  })
  return made.id
}
