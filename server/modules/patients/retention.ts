// Until when a record is kept, by the local days of the hospital.
import { retentionYears } from './erasure.contract.ts'
import { localDay } from '#platform/local-day.ts'

export function retentionEnd(last_entry_at: string, timezone: string): Temporal.PlainDate {
  return Temporal.Instant.from(last_entry_at).toZonedDateTimeISO(timezone).toPlainDate().add({ years: retentionYears })
}

export function isRetentionOver(ends: Temporal.PlainDate, timezone: string): boolean {
  return Temporal.PlainDate.compare(localDay(timezone), ends) > 0
}
