import { type Sql, sql } from '#platform/database/sql.ts'
import type { NotificationPreferences, PreferencesRequest } from './notification.contract.ts'

type Chosen = Omit<NotificationPreferences, 'patient_id'>

const columns = sql`
  email, reminder_minutes, to_char(quiet_from, 'HH24:MI') as quiet_from, to_char(quiet_until, 'HH24:MI') as quiet_until, timezone,
  updated_at, version`

export function findPreferences(patient_id: string): Sql<Chosen> {
  return sql`select ${columns} from notification_preferences where patient_id = ${patient_id}`
}

/** To be written while the patient's row is locked. */
export function upsertPreferences(patient_id: string, chosen: PreferencesRequest): Sql<Chosen> {
  const { email, reminder_minutes, quiet_from, quiet_until, timezone } = chosen
  return sql`
    insert into notification_preferences (patient_id, email, reminder_minutes, quiet_from, quiet_until, timezone)
    values (${patient_id}, ${email}, ${reminder_minutes}::int[], ${quiet_from}, ${quiet_until}, ${timezone})
    on conflict (patient_id) do update set email = excluded.email, reminder_minutes = excluded.reminder_minutes,
       quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until, timezone = excluded.timezone,
       updated_at = now(), version = notification_preferences.version + 1
    returning ${columns}`
}
