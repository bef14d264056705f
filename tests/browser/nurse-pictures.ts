// The pictures of the nurse's pages in docs/images: `node_modules/node/bin/node tests/browser/nurse-pictures.ts`. Nobody in them is real.
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import type { Caller } from '../caller.ts'
import { root } from '../documentation/blocks.ts'
import { createColleague, expectStatus, nextPerson } from '../hospital.ts'
import { enter, type House, openHouse } from './browser.ts'

type Made = { id: string }
const well = {
  temperature_celsius: 36.9,
  pulse_bpm: 72,
  respiratory_rate_per_min: 16,
  blood_pressure_systolic: 124,
  blood_pressure_diastolic: 78,
  oxygen_saturation_percent: 97,
  on_supplemental_oxygen: false,
  consciousness: 'alert',
  weight_kg: 71.5,
  height_cm: 172,
}
const worse = { ...well, respiratory_rate_per_min: 22, pulse_bpm: 104, temperature_celsius: 38.1 }
const sick = { ...worse, respiratory_rate_per_min: 26, oxygen_saturation_percent: 91, pulse_bpm: 122 }

const house = await openHouse()
try {
  const { caller } = await createColleague(house.administrator, 'nurse', house.department_id)
  const ana = await arrive(house, caller, ['Ana', 'Fonseca'], 3)
  await arrive(house, caller, ['Boris', 'Okonkwo'], 2)
  await arrive(house, caller, ['Chiara', 'Lindqvist'], 4)
  const daniel = await arrive(house, caller, ['Daniel', 'Ferreira da Silva'], 2)
  const emeka = await arrive(house, caller, ['Emeka', 'Novák'], 3)
  for (const { visit_id } of [ana, daniel, emeka]) await become(caller, visit_id, 'triaged')
  for (const [hours, signs] of [
    [46, well],
    [30, { ...well, pulse_bpm: 84 }],
    [18, worse],
    [6, worse],
    [1, sick],
  ] as const)
    await assess(caller, daniel.visit_id, signs, hours)
  await assess(caller, emeka.visit_id, well, 0)
  await assess(caller, ana.visit_id, { pulse_bpm: 66, weight_kg: 58, height_cm: 161 }, 200)
  await caller.ask('POST', `/api/v1/patients/${ana.patient_id}/allergies`, {
    substance: 'Penicillin',
    severity: 'severe',
  })
  await become(house.administrator, emeka.visit_id, 'in_progress')

  for (const [suffix, size, scheme] of [
    ['', 'desk', 'light'],
    ['-dark', 'desk', 'dark'],
    ['-telephone', 'telephone', 'light'],
  ] as const) {
    const visit = await house.visit(size, { scheme })
    const { page } = visit
    await enter(house, visit, 'nurse')
    await page.getByRole('button', { name: 'Open Ana Fonseca' }).waitFor()
    if (suffix !== '-dark') await take(page, `board${suffix}`)
    await page.goto(`/visits/${ana.visit_id}/nursing`)
    await page.getByRole('button', { name: 'New assessment' }).click()
    await page.getByLabel(/^Breaths/).fill('26')
    await page.getByLabel(/^Oxygen saturation/).fill('91')
    await page.getByLabel(/^Pulse/).fill('96')
    await page.evaluate(() => scrollTo(0, 0))
    await take(page, `assessment${suffix}`)
    await page.goto(`/patients/${daniel.patient_id}/vital-signs`)
    await page.getByRole('img').first().waitFor()
    if (suffix === '') await take(page, 'vital-signs')
    await visit.context.close()
  }
} finally {
  await house.close()
}

async function arrive(
  { administrator }: House,
  caller: Caller,
  [first_name, last_name]: [string, string],
  priority: number,
) {
  const person = { ...nextPerson(), first_name, last_name, date_of_birth: '1949-05-06' }
  const patient = expectStatus(201, await administrator.ask('POST', '/api/v1/patients', person)) as Made
  const body = { patient_id: patient.id, chief_complaint: 'Short of breath since yesterday', priority }
  const visit = expectStatus(201, await caller.ask('POST', '/api/v1/visits', body)) as Made
  return { patient_id: patient.id, visit_id: visit.id }
}

async function become(caller: Caller, visit_id: string, status: string) {
  expectStatus(200, await caller.ask('PUT', `/api/v1/visits/${visit_id}/status`, { status }))
}

async function assess(caller: Caller, visit_id: string, vital_signs: object, hours: number) {
  const taken_at = Temporal.Now.instant().subtract({ hours }).toString()
  const path = `/api/v1/visits/${visit_id}/nursing-assessment`
  const draft = expectStatus(201, await caller.ask('POST', path, { vital_signs, taken_at })) as Made
  expectStatus(200, await caller.ask('POST', `/api/v1/assessments/${draft.id}/finalize`, {}))
}

async function take(page: Page, name: string) {
  // What follows from the last key is drawn a moment later, and nothing tells when.
  await page.waitForTimeout(700)
  await page.screenshot({ path: join(root, 'docs/images', `console-${name}.png`) })
}
