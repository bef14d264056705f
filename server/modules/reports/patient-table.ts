// Patients by age and gender. Birth dates are sealed, and their years would be a trace of a small domain: each card is opened, and
// nothing of it is kept but a count.
import type { z } from 'zod'
import { findMoment } from '#modules/analytics'
import { tryOpenCard } from '#modules/patients'
import { openEach } from './opening.ts'
import { PatientRow } from './report.contract.ts'
import { countPatients, listPatients } from './report.store.ts'
import type { Making } from './tables.ts'

type Counted = z.output<typeof PatientRow>
const bands = PatientRow.shape.age_band.options
const genders = PatientRow.shape.gender.options

export async function countPeople({
  counting,
  keyring,
  period,
  filters,
  progress,
  most_opened,
}: Omit<Making, 'group_by'>): Promise<{ as_of: string; items: Counted[] }> {
  const { from, to, timezone } = period
  const today = Temporal.Now.plainDateISO(timezone).toString()
  const on = to < today ? to : today
  const [{ as_of }, { total }] = await counting.once((tx) =>
    Promise.all([tx.one(findMoment()), tx.one(countPatients(to, filters))]),
  )
  const counts = new Map<string, Counted>()
  await openEach({
    total,
    most_opened,
    progress,
    list: (after, limit) => counting.once((tx) => tx.rows(listPatients(to, filters, after, limit))),
    idOf: ({ id }) => id,
    open(row) {
      const age_band = bandOf(tryOpenCard(keyring, row)?.date_of_birth ?? null, on)
      const key = `${age_band} ${row.gender}`
      const known = counts.get(key) ?? { age_band, gender: row.gender, patients: 0, new_patients: 0 }
      counts.set(key, {
        ...known,
        patients: known.patients + 1,
        new_patients: known.new_patients + (row.registered_date >= from ? 1 : 0),
      })
    },
  })
  const items = bands.flatMap((age_band) => genders.flatMap((gender) => counts.get(`${age_band} ${gender}`) ?? []))
  return { as_of, items }
}

/** By full years on a day: who was born on 29 February is a year older on 1 March. */
export function bandOf(date_of_birth: string | null, on: string): Counted['age_band'] {
  if (date_of_birth === null || date_of_birth > on) return 'unknown'
  const years =
    Number(on.slice(0, 4)) - Number(date_of_birth.slice(0, 4)) - (on.slice(5) < date_of_birth.slice(5) ? 1 : 0)
  return bands.find((band) => years <= Number(/-(\d+)$/.exec(band)?.[1] ?? Infinity)) ?? 'unknown'
}
