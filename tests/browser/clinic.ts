// A clinic to be driven: patients who have come, made through the API, and going about a page with the keyboard.
import type { Caller } from '../caller.ts'
import { made, nextPerson } from '../hospital.ts'
import { assertAccessible, assertFits, type House, type Visit } from './browser.ts'

/** Somebody who has come to see a doctor and was triaged; with `in_progress`, whom the doctor has begun with. */
export async function readyPatient(
  { administrator }: House,
  doctor: { caller: Caller; doctor_id: string },
  status?: 'in_progress',
) {
  const person = nextPerson()
  const { id: patient_id } = await made(administrator, 'POST', '/patients', person)
  const request = { patient_id, doctor_id: doctor.doctor_id, chief_complaint: 'Cough since Sunday' }
  const { id: visit_id } = await made(doctor.caller, 'POST', '/visits', request)
  for (const next of ['triaged', ...(status ? [status] : [])])
    await made(doctor.caller, 'PUT', `/visits/${visit_id}/status`, { status: next })
  return { patient_id, visit_id, name: `${person.first_name} ${person.last_name}` }
}

export async function assertRight({ page }: Visit, state: string): Promise<void> {
  await assertAccessible(page, state)
  await assertFits(page, state)
}

/** Goes on with Tab, as a person would, until what is named so has the focus. @throws after a hundred */
export async function tabToName({ page }: Visit, name: RegExp): Promise<void> {
  for (let tabs = 0; tabs < 100; tabs += 1) {
    await page.keyboard.press('Tab')
    const focused = await page.evaluate(() => {
      const { activeElement: at } = document
      const label = at instanceof HTMLElement && 'labels' in at ? (at as HTMLInputElement).labels?.[0]?.textContent : ''
      return at?.getAttribute('aria-label') || label || at?.textContent || ''
    })
    if (name.test(focused)) return
  }
  throw new Error(`no Tab leads to ${String(name)}`)
}

/** A picture of one pixel. */
export const onePixel = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
)
