// Whoever is told of something that is no appointment yet: where, in which language, and when not.
import { type Sql, sql } from '#platform/database/sql.ts'
import type { SealedBy } from '#modules/patients'

export type Recipient = SealedBy & {
  id: string
  sealed_contact: Buffer
  preferred_language: string | null
  email: boolean | null
  quiet_from: string | null
  quiet_until: string | null
  quiet_timezone: string | null
}

/** No row for a person whose record was erased: nothing is known of them. */
export function findRecipient(patient_id: string): Sql<Recipient> {
  return sql`
    select p.id, p.sealed_contact, p.preferred_language, k.id as key_id, k.kek_id, k.wrapped, c.email,
           to_char(c.quiet_from, 'HH24:MI') as quiet_from, to_char(c.quiet_until, 'HH24:MI') as quiet_until, c.timezone as quiet_timezone
      from patients p join patient_keys k on k.id = p.key_id left join notification_preferences c on c.patient_id = p.id
     where p.id = ${patient_id} and k.wrapped is not null`
}
