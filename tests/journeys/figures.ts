// The figures of the hospital as its manager reads them, flat, so that a journey can tell what it has moved.
import { type Caller } from '../caller.ts'
import { expectStatus } from '../hospital.ts'

type Rows = { items: { id: string | null; value: number }[] }
type Counted = Record<string, number>

/** From the day before to as far ahead as anything is booked. */
function period(): string {
  const today = Temporal.Now.plainDateISO('UTC')
  return `from=${today.subtract({ days: 1 }).toString()}&to=${today.add({ days: 60 }).toString()}`
}

export async function readFigures(manager: Caller): Promise<Counted> {
  const read = async <T>(path: string) => expectStatus(200, await manager.ask('GET', `/api/v1/${path}${period()}`)) as T
  const glance = await read<{ items: { metric: string; value: number }[] }>('reports/dashboard?')
  const trends = await read<{ total: { by_status: Counted; new_patient_appointments: number } }>(
    'analytics/appointment-trends?',
  )
  const utilization = await read<{ total: { completed_minutes: number } }>('analytics/doctor-utilization?')
  const found = await read<{ items: { topic: string; assessments: number }[] }>('reports/clinical/assessments?')
  const prescriptions = await read<{ items: { signed: number }[] }>('reports/prescriptions?')
  return {
    ...Object.fromEntries(glance.items.map(({ metric, value }) => [metric, value])),
    ...Object.fromEntries(
      Object.entries(trends.total.by_status).map(([name, count]) => [`${name} appointments`, count]),
    ),
    'appointments of new patients': trends.total.new_patient_appointments,
    'completed minutes': utilization.total.completed_minutes,
    'signed prescriptions': prescriptions.items.reduce((sum, { signed }) => sum + signed, 0),
    ...Object.fromEntries(
      ['vital_sign', 'early_warning', 'radiology', 'alert'].map((topic) => [
        topic,
        found.items.filter((one) => one.topic === topic).reduce((sum, { assessments }) => sum + assessments, 0),
      ]),
    ),
  }
}

/** What is another number now, and by how much. */
export function movedBy(before: Counted, after: Counted): Counted {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const moved = names.map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)] as const)
  return Object.fromEntries(moved.filter(([, by]) => by !== 0))
}

/** The records that a figure of the dashboard is the sum of. */
export async function rowsBehind(manager: Caller, figure: string): Promise<(string | null)[]> {
  const path = `/api/v1/reports/rows?report=dashboard&limit=500&figure=${figure}&${period()}`
  return (expectStatus(200, await manager.ask('GET', path)) as Rows).items.map(({ id }) => id)
}
