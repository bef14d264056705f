// Eighty beds with six weeks of stays, and the rooms and devices of a small hospital.
import { randomUUIDv7 } from 'node:crypto'
import { sql } from '#platform/database/sql.ts'
import type { Database } from '#platform/database/transaction.ts'
import { instantText } from '#modules/doctors'
import type { Random } from './random.ts'

const hour_ms = 3_600_000
const weeks = 6

const wards = [
  { ward: 'Ward A', type: 'bed', short: 'A', count: 18 },
  { ward: 'Ward B', type: 'bed', short: 'B', count: 18 },
  { ward: 'Ward C', type: 'bed', short: 'C', count: 18 },
  { ward: 'Children', type: 'bed', short: 'P', count: 16 },
  { ward: 'Intensive care', type: 'icu_bed', short: 'I', count: 10 },
  { ward: 'Theatres', type: 'operating_room', short: 'OR', count: 4 },
  { ward: 'Outpatients', type: 'room', short: 'R', count: 12 },
  { ward: 'Intensive care', type: 'ventilator', short: 'V', count: 6 },
  { ward: 'Imaging', type: 'equipment', short: 'X', count: 4 },
  { ward: 'Garage', type: 'ambulance', short: 'AM', count: 2 },
] as const

type Stay = { resource_id: string; patient_id: string; assigned_at: string; released_at: string | null }

/** Returns how many beds and stays were made. Nobody lies in two beds at once: each patient stays once. */
export async function makeBeds(
  database: Database,
  random: Random,
  patients: readonly string[],
): Promise<{ beds: number; stays: number }> {
  const resources = wards.flatMap(({ ward, type, short, count }) =>
    Array.from({ length: count }, (_, at) => ({
      id: randomUUIDv7(),
      type,
      ward,
      name: `${ward} ${type.replaceAll('_', ' ')} ${at + 1}`,
      code: `DEMO-${short}${at + 1}`,
    })),
  )
  const beds = resources.filter(({ type }) => type === 'bed' || type === 'icu_bed')
  const stays = staysIn(random, beds, patients)
  await database.transaction(async (tx) => {
    await tx.run(sql`
      insert into resources (id, type, name, code, ward, created_at)
      select *, now() - interval '50 days'
        from unnest(${resources.map(({ id }) => id)}::uuid[], ${resources.map(({ type }) => type)}::text[],
                    ${resources.map(({ name }) => name)}::text[], ${resources.map(({ code }) => code)}::text[],
                    ${resources.map(({ ward }) => ward)}::text[])`)
    await tx.run(sql`
      insert into resource_assignments (resource_id, patient_id, is_bed, assigned_at, released_at)
      select resource_id, patient_id, true, assigned_at, released_at
        from unnest(${stays.map(({ resource_id }) => resource_id)}::uuid[], ${stays.map(({ patient_id }) => patient_id)}::uuid[],
                    ${stays.map(({ assigned_at }) => assigned_at)}::timestamptz[],
                    ${stays.map(({ released_at }) => released_at)}::timestamptz[])
          as stay(resource_id, patient_id, assigned_at, released_at)`)
  })
  return { beds: beds.length, stays: stays.length }
}

function staysIn(random: Random, beds: readonly { id: string }[], patients: readonly string[]): Stay[] {
  const now = Temporal.Now.instant().epochMilliseconds
  const stays: Stay[] = []
  let next = 0
  for (const { id } of beds) {
    let at = now - weeks * 7 * 24 * hour_ms * (0.7 + random() * 0.3)
    while (at < now) {
      const patient_id = patients[next++]
      if (patient_id === undefined) return stays
      const end = at + (18 + random() ** 2 * 200) * hour_ms
      stays.push({
        resource_id: id,
        patient_id,
        assigned_at: instantText(Math.floor(at)),
        released_at: end < now ? instantText(Math.floor(end)) : null,
      })
      at = end + (2 + random() * 30) * hour_ms
    }
  }
  return stays
}
