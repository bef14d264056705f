// Keeps the figures of past days: those of days that have ended, and anew those that something has touched since.
import type { System } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import { type Database, scopedDatabase, type Tx } from '#platform/database/transaction.ts'
import { defineSchedule } from '#platform/jobs/job.ts'
import { utilizationDays } from './doctor-days.ts'
import { askOffered, askOpen, askTrendDays } from './kept-days.ts'
import { pastDays } from './period.ts'
import { deleteKept, deleteMarks, deleteOtherDays, findPast, insertDays, insertKept } from './rollup.store.ts'
import { rollUpUsageOnce } from './usage-rollup.ts'
import { isNothing, type Open, type Window } from './window.ts'

export const rollupSchedule = defineSchedule({ name: 'analytics.rollups', every_seconds: 300 })

/** At once: a transaction of about a second, with 200 doctors. */
const days_at_once = 31
/** What is not done by then is done by the next run. */
const run_ms = 60_000
const statement_limit_ms = 120_000

export async function rollUp(system: System, signal: AbortSignal): Promise<void> {
  const database = scopedDatabase(
    system.pool,
    {
      begin: sql`begin isolation level repeatable read`,
      enter: () => sql`
        select openward.enter_as('all'), set_config('statement_timeout', ${String(statement_limit_ms)}, true),
               set_config('idle_in_transaction_session_timeout', ${String(statement_limit_ms)}, true)`,
      answer_limit_ms: statement_limit_ms + 5000,
    },
    { audit: (entry) => ({ role: 'system', correlation_id: 'rollups', ...entry }) },
  )
  const until_ms = performance.now() + run_ms
  const { timezone } = system.configuration
  for (const once of [rollUpOnce, rollUpUsageOnce])
    while (!signal.aborted && performance.now() < until_ms && (await once(database, timezone)));
}

/** All that belongs together in one snapshot: a change that it does not see leaves a mark that it does not remove. Says whether more is to do. */
async function rollUpOnce(database: Database, timezone: string): Promise<boolean> {
  return database.transaction(async (tx) => {
    const { now_at, first_at, last_mark } = await tx.one(findPast())
    const window = { bounds: pastDays(now_at, first_at, timezone), doctor_id: undefined }
    await tx.run(deleteOtherDays(window))
    if (window.bounds.length === 0) return false
    const found = await askOpen(tx, window, last_mark ?? 0)
    const newest = found.days.at(-1) ?? 0
    const open = { ...found, days: found.days.filter((day) => day > newest - days_at_once) }
    if (!isNothing(open)) await keep(tx, window, open)
    if (last_mark !== null) await tx.run(deleteMarks(last_mark))
    return last_mark !== null || open.days.length < found.days.length
  })
}

async function keep(tx: Tx, window: Window, open: Open): Promise<void> {
  const [offered, booked] = [await askOffered(tx, window, open), await askTrendDays(tx, window, open)]
  const none = { lead_minutes: 0, new_patient_appointments: 0, returning_patient_appointments: 0 }
  const key = (row: { doctor_id: string; day_number: number }) => `${row.doctor_id} ${row.day_number}`
  const of_day = new Map(booked.map((day) => [key(day), day]))
  // Whoever has an appointment on a day has a row of time taken as well.
  const rows = (await utilizationDays(offered)).map((row) => {
    const { lead_minutes, new_patient_appointments, returning_patient_appointments } = of_day.get(key(row)) ?? none
    return { ...row, lead_minutes, new_patient_appointments, returning_patient_appointments }
  })
  await tx.run(deleteKept(window, open))
  await tx.run(insertDays(window, open.days))
  await tx.run(insertKept(window, rows))
}
