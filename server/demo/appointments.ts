// Twelve weeks of appointments, six of them behind us: booked, kept, cancelled and missed as in a clinic.
import { sql } from '#platform/database/sql.ts'
import type { Database } from '#platform/database/transaction.ts'
import { expandHours, instantText } from '#modules/doctors'
import { pick, type Random } from './random.ts'
import type { DemoDoctor } from './staff.ts'

const weeks = 6
const batch_rows = 2000
const hour_ms = 3_600_000

type Made = {
  doctor_id: string
  patient_id: string
  starts_at: string
  ends_at: string
  status: string
  priority: string
  booked_at: string
}

/** Fills most of the slots, and returns how many appointments there are now. */
export async function makeAppointments(
  database: Database,
  random: Random,
  { doctors, patients, timezone }: { doctors: readonly DemoDoctor[]; patients: readonly string[]; timezone: string },
): Promise<number> {
  const now = Temporal.Now.instant().epochMilliseconds
  const today = Temporal.Now.plainDateISO(timezone)
  const dates = { from: today.subtract({ weeks }).toString(), to: today.add({ weeks }).toString() }
  let made = 0
  let waiting: Made[] = []
  const flush = async () => {
    made += await insert(database, waiting)
    waiting = []
  }
  for (const doctor of doctors) {
    const hours = doctor.blocks.map(({ weekday, ...block }) => ({ ...block, weekdays: [weekday] }))
    const fullness = 0.55 + random() * 0.35
    for (const { starts_at_ms, ends_at_ms } of expandHours(hours, timezone, dates)) {
      // The further ahead, the emptier a calendar is.
      const weeks_ahead = Math.max(0, (starts_at_ms - now) / (7 * 24 * hour_ms))
      if (random() > fullness * Math.exp(-weeks_ahead / 3)) continue
      const lead_ms = (1 + random() ** 2 * 40 * 24) * hour_ms
      waiting.push({
        doctor_id: doctor.id,
        patient_id: pick(random, patients),
        starts_at: instantText(starts_at_ms),
        ends_at: instantText(ends_at_ms),
        status: statusOf(random, starts_at_ms, ends_at_ms, now),
        priority: random() < 0.04 ? 'urgent' : 'routine',
        booked_at: instantText(Math.min(starts_at_ms - lead_ms, now - hour_ms)),
      })
      if (waiting.length >= batch_rows) await flush()
    }
  }
  await flush()
  return made
}

function statusOf(random: Random, starts_at_ms: number, ends_at_ms: number, now: number): string {
  const chance = random()
  if (chance < 0.06) return 'cancelled'
  if (ends_at_ms <= now) return chance < 0.12 ? 'no_show' : 'completed'
  if (starts_at_ms <= now) return 'in_progress'
  if (starts_at_ms <= now + hour_ms) return chance < 0.5 ? 'checked_in' : 'confirmed'
  return chance < 0.5 ? 'confirmed' : 'booked'
}

/** Whoever is expected elsewhere at that time is passed over: the constraint says who. */
function insert(database: Database, rows: readonly Made[]): Promise<number> {
  if (rows.length === 0) return Promise.resolve(0)
  const column = (name: keyof Made) => rows.map((row) => row[name])
  return database.transaction(async (tx) =>
    tx.run(sql`
      with made as (
        insert into appointments (confirmation_code, doctor_id, patient_id, during, status, priority, created_at, updated_at)
        select openward.next_number('appointment_numbers', 'APT', booked_at::date), doctor_id, patient_id, tstzrange(starts_at, ends_at),
               status, priority, booked_at, booked_at
          from unnest(${column('doctor_id')}::uuid[], ${column('patient_id')}::uuid[], ${column('starts_at')}::timestamptz[],
                      ${column('ends_at')}::timestamptz[], ${column('status')}::text[], ${column('priority')}::text[],
                      ${column('booked_at')}::timestamptz[])
            as given(doctor_id, patient_id, starts_at, ends_at, status, priority, booked_at)
        on conflict do nothing
        returning id, patient_id, during, status, created_at
      ), noted as (
        insert into appointment_history (appointment_id, patient_id, timestamp, from_status, to_status, to_time)
        select id, patient_id, created_at, null, 'booked', lower(during) from made
        union all
        select id, patient_id, least(lower(during), now()), 'booked', status, null from made where status <> 'booked'
      )
      select id from made`),
  )
}
