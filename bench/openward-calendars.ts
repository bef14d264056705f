// Many doctors with full calendars: the accounts and profiles through the API, the appointments written straight into the database.
import { z } from 'zod'
import type { Call, Headers } from './openward-client.ts'
import { booked_people } from './openward-hospital.ts'
import { withClient } from './postgres.ts'

/** Slots of a quarter of an hour from 06:00 to 22:00 on weekdays, so many a day. */
const slots_a_day = 64
const slot_minutes = 15
/** The coming weekdays that are full; all other appointments lie in the past. */
const full_days = 20
const doctors_at_once = 4

/** A day on which every doctor is booked in full, however few appointments there are: the last of the full weekdays, from today on. */
export function lastFullDay(): string {
  let day = Temporal.Now.plainDateISO('UTC')
  for (let found = day.dayOfWeek < 6 ? 1 : 0; found < full_days; found += day.dayOfWeek < 6 ? 1 : 0)
    day = day.add({ days: 1 })
  return day.toString()
}

const Id = z.object({ id: z.string() })

/** Their ids. Nobody signs in as one of them. */
export async function createDoctors(
  call: Call,
  headersOf: () => Promise<Headers>,
  specialization: string,
  count: number,
): Promise<string[]> {
  const create = async (number: number): Promise<string> => {
    const headers = await headersOf()
    const email = `${specialization}.${number}@example.org`.toLowerCase()
    const account = {
      email,
      password: crypto.randomUUID(),
      role: 'doctor',
      first_name: 'Kim',
      last_name: `Full${number}`,
    }
    const user_id = Id.parse(await call('POST', '/api/v1/users', { headers, body: account })).id
    const profile = {
      user_id,
      specialization,
      license_number: `${specialization}-${number}`,
      location: 'Main building',
      languages: ['en'],
      consultation_minutes: slot_minutes,
      available_from: '06:00',
      available_to: '22:00',
      timezone: 'UTC',
    }
    return Id.parse(await call('POST', '/api/v1/doctors', { headers, body: profile })).id
  }
  const ids: string[] = []
  for (let from = 0; from < count; from += doctors_at_once) {
    const numbers = Array.from({ length: Math.min(doctors_at_once, count - from) }, (_, at) => from + at)
    ids.push(...(await Promise.all(numbers.map(create))))
  }
  return ids
}

// A doctor's appointments fill one weekday after the other, from the last of the full ones back into the past. The patients of one
// time differ from doctor to doctor, as long as there are more patients than doctors; no other row books for them.
const fill = `
  with days as (
    select row_number() over (order by day desc) - 1 as number, day
      from generate_series(current_date - 20000, current_date + 60, interval '1 day') as day
     where extract(isodow from day) < 6 and day <= (
           select max(day) from (select day from generate_series(current_date, current_date + 60, interval '1 day') as day
                                  where extract(isodow from day) < 6 order by day limit ${full_days}) as coming)
  ), of_doctor as (
    select id, row_number() over (order by id) - 1 as number from unnest($1::uuid[]) as id
  ), of_patient as (
    select array_agg(id) as ids, count(*) as total
      from (select id from patients
             where is_active and merged_into is null
             order by id offset ${booked_people} limit 50000) as p
  )
  insert into appointments (confirmation_code, patient_id, doctor_id, during, status)
  select 'BENCH-' || d.number || '-' || n, p.ids[1 + (n * 257 + d.number) % p.total], d.id,
         tstzrange(starts_at, starts_at + interval '${slot_minutes} minutes'),
         case when starts_at < now() then 'completed' else 'booked' end
    from of_doctor as d, of_patient as p, generate_series(0, $2::int - 1) as n
    join days on days.number = n / ${slots_a_day},
         lateral (select (day + interval '6 hours' + (n % ${slots_a_day}) * interval '${slot_minutes} minutes')::timestamptz as starts_at) as slot`

/**
 * As many appointments of each of these doctors, without the triggers that tell others of a booking. The exclusion constraints are
 * dropped and made again, which checks every row: one by one they would take a quarter of an hour for a million.
 */
export async function fillCalendars(url: string, doctor_ids: readonly string[], each: number): Promise<void> {
  await withClient(url, async (client) => {
    const { rows } = await client.query<{ name: string; definition: string }>(
      `select quote_ident(conname) as name, pg_get_constraintdef(oid) as definition from pg_constraint
        where conrelid = 'appointments'::regclass and contype = 'x'`,
    )
    await client.query('begin')
    await client.query(`set local timezone = 'UTC'`)
    await client.query('set local session_replication_role = replica')
    await client.query(`set local maintenance_work_mem = '512MB'`)
    for (const { name } of rows) await client.query(`alter table appointments drop constraint ${name}`)
    await client.query(fill, [doctor_ids, each])
    for (const { name, definition } of rows)
      await client.query(`alter table appointments add constraint ${name} ${definition}`)
    await client.query('commit')
    await client.query('vacuum analyze appointments')
  })
}
