// The pictures of a doctor's pages: of people who are made up, made through the API.
import type { Browser, Page } from 'playwright-core'
import type { Caller } from '../caller.ts'
import { createDepartment, createDoctor } from '../hospital.ts'
import { submitSignIn } from './browser.ts'
import { made } from './clinic.ts'

type Take = (page: Page, name: string) => Promise<void>

const warfarin = {
  name: 'Warfarin',
  dosage: '5 mg',
  route: 'oral',
  frequency: 'daily',
  duration_days: 30,
  quantity: 30,
}
const ibuprofen = { ...warfarin, name: 'Ibuprofen', dosage: '400 mg', frequency: 'every 8 hours', duration_days: 5 }

export async function takeDoctor(browser: Browser, baseURL: string, administrator: Caller, take: Take): Promise<void> {
  const department_id = await createDepartment(administrator)
  const doctor = await createDoctor(administrator, { department_id })
  const patient = async (first_name: string, last_name: string, date_of_birth: string) => {
    const person = {
      first_name,
      last_name,
      date_of_birth,
      gender: 'FEMALE',
      phone_primary: '+14155550123',
      force: true,
    }
    const { id } = await made(administrator, 'POST', '/patients', person)
    const visit = { patient_id: id, doctor_id: doctor.doctor_id, chief_complaint: 'Chest pain since this morning' }
    return { patient_id: id, visit_id: (await made(doctor.caller, 'POST', '/visits', visit)).id }
  }
  const become = (visit_id: string, status: string) =>
    made(doctor.caller, 'PUT', `/visits/${visit_id}/status`, { status })
  const { patient_id, visit_id } = await patient('Amelia', 'Okafor', '1958-04-12')
  await become(visit_id, 'triaged')
  await become(visit_id, 'in_progress')
  await become((await patient('Beatriz', 'Lindqvist', '1984-11-02')).visit_id, 'triaged')
  await patient('Chiara', 'Nakamura', '2019-06-30')

  const of = `/patients/${patient_id}`
  await made(doctor.caller, 'POST', `${of}/allergies`, {
    substance: 'Penicillin',
    reaction: 'Hives',
    severity: 'severe',
  })
  await made(doctor.caller, 'POST', `${of}/conditions`, { text: 'Atrial fibrillation', icd10_code: 'I48.0' })
  const prescribe = (medicine: object) =>
    made(doctor.caller, 'POST', '/prescriptions', { patient_id, visit_id, medicines: [medicine] })
  await made(doctor.caller, 'POST', `/prescriptions/${(await prescribe(warfarin)).id}/sign`, {})
  const { id: draft_id } = await prescribe(ibuprofen)
  const reading = {
    modality: 'CT',
    body_site: 'Chest',
    clinical_indication: 'Pain since this morning',
    safety: { pregnancy: false },
    findings: 'A filling defect in the right pulmonary artery.',
    impression: 'Pulmonary embolism.',
    is_critical: true,
  }
  const { id: reading_id } = await made(doctor.caller, 'POST', `/visits/${visit_id}/radiology-assessment`, reading)
  await made(doctor.caller, 'POST', `/assessments/${reading_id}/finalize`, { as: 'final' })
  const content = { subjective: 'Chest pain when breathing in.', objective: 'Clear lungs, no oedema.' }
  await made(doctor.caller, 'POST', `/visits/${visit_id}/notes`, { kind: 'soap', content })

  const open = async (size: { width: number; height: number }, colorScheme: 'light' | 'dark', who = doctor) => {
    const context = await browser.newContext({
      baseURL,
      viewport: size,
      colorScheme,
      locale: 'en-US',
      reducedMotion: 'reduce',
    })
    const page = await context.newPage()
    await page.goto('/')
    await submitSignIn(page, who)
    await page.getByRole('heading', { level: 1, name: /^Today/ }).waitFor()
    return page
  }
  const page = await open({ width: 1120, height: 760 }, 'light')
  await page.getByRole('button', { name: 'Begin with Beatriz Lindqvist' }).waitFor()
  await take(page, 'today')
  for (const [name, address] of [
    ['chart', `${of}/chart`],
    ['visit', `/visits/${visit_id}`],
    ['prescription', `/prescriptions/${draft_id}`],
    ['radiology', `/radiology/${reading_id}`],
  ] as const) {
    await page.goto(address)
    await page.getByText('Penicillin').first().waitFor()
    await take(page, name)
  }
  const telephone = await open({ width: 390, height: 700 }, 'dark')
  await telephone.goto(`${of}/chart`)
  await telephone.locator('[data-kind]').first().waitFor()
  await take(telephone, 'chart-telephone')
  const away = await createDoctor(administrator, { department_id: await createDepartment(administrator) })
  const outside = await open({ width: 1120, height: 560 }, 'light', away)
  await outside.goto(`${of}/chart`)
  await outside.getByRole('heading', { name: 'You may not see this record' }).waitFor()
  await take(outside, 'emergency')
}
