// A doctor's day in Chromium: who is ready, notes, diagnoses, prescribing, radiology, critical results, the chart and an emergency; at a
// desk and on a telephone.
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { createDepartment, createDoctor, made, nextPerson } from '../hospital.ts'
import { type House, openHouse, type Size, skip, submitSignIn, type Visit } from './browser.ts'
import { assertRight, onePixel, readyPatient } from './clinic.ts'

type Doctor = Awaited<ReturnType<typeof createDoctor>>

let house: House
let doctor: Doctor
let visit: Visit
before(async () => {
  if (skip) return
  house = await openHouse({ OPENWARD_IDLE_MINUTES: '5' })
  doctor = await createDoctor(house.administrator, { department_id: house.department_id })
})
after(() => house?.close())

async function goIn(size: Size, who: Doctor = doctor, scheme: 'light' | 'dark' = 'light') {
  visit = await house.visit(size, { scheme })
  await visit.page.goto('/')
  await submitSignIn(visit.page, who)
  await visit.page.getByRole('heading', { level: 1, name: /^Today/ }).waitFor()
}

const looksRight = (state: string) => assertRight(visit, state)
const heading = (name: string | RegExp) => visit.page.getByRole('heading', { name }).waitFor()
const text = (what: string | RegExp) => visit.page.getByText(what).first().waitFor()

describe('the day of a doctor', { skip }, () => {
  afterEach(() => visit?.close())

  it('begins with who is ready, as they come; a note is kept as it is typed, signed and amended', async () => {
    const { name } = await readyPatient(house, doctor)
    await goIn('desk')
    const { page, click, fill } = visit
    await text('Nothing waits for your signature.')
    await looksRight('today')
    // Who comes meanwhile stands there by itself.
    await text((await readyPatient(house, doctor)).name)
    await click('button', `Begin with ${name}`)
    await heading(/^Visit VS-/)
    await text('Cough since Sunday')
    await click('button', 'Write a note')
    await fill('Subjective', 'Coughs at night')
    await text('Kept. Only you see it until you sign.')
    await looksRight('a note is written')
    await page.reload()
    assert.equal(await page.getByLabel('Subjective').inputValue(), 'Coughs at night')
    await fill('Plan', 'Rest')
    await click('button', 'Sign')
    await text(/^Signed .* by Robin Tested$/)
    await click('button', 'Amend')
    await fill('Plan', 'Rest, and come again in a week')
    await fill('Why is it amended?', 'The appointment was left out')
    await click('button', 'Sign the amendment')
    await text('Amended: The appointment was left out')
    await click('button', 'Version 1')
    await page.getByText('Rest', { exact: true }).waitFor()
    await looksRight('a signed note with its versions')
    await click('button', 'Complete the visit')
    await text('Completed')
  })

  it('is told when another screen has changed a draft, sees both versions and chooses', async () => {
    const { visit_id } = await readyPatient(house, doctor, 'in_progress')
    const note = await made(doctor.caller, 'POST', `/visits/${visit_id}/notes`, { kind: 'progress' })
    await goIn('desk')
    const { page, click, fill } = visit
    await text('Note: ')
    await page.goto(`/visits/${visit_id}`)
    await page.getByLabel('Text', { exact: true }).waitFor()
    await made(doctor.caller, 'PUT', `/notes/${note.id}`, { content: { text: 'From the ward' } })
    await fill('Text', 'From the office')
    await text(/^This was changed at another screen/)
    await page.getByRole('definition').getByText('From the ward').waitFor()
    await looksRight('two versions of a draft')
    await click('button', 'Keep what I typed here')
    await text('Kept. Only you see it until you sign.')
    await click('button', 'Sign')
    await text(/^Signed /)
    const { items } = await made(doctor.caller, 'GET', `/visits/${visit_id}/notes`)
    assert.match(JSON.stringify(items), /From the office/)
  })

  it('finds what was typed again after an automatic log-off', async () => {
    const { visit_id } = await readyPatient(house, doctor, 'in_progress')
    visit = await house.visit('desk')
    const { page, click, fill } = visit
    await page.clock.install()
    await page.goto(`/visits/${visit_id}`)
    await submitSignIn(page, doctor)
    await click('button', 'Write a note')
    await page.getByLabel('Subjective').waitFor()
    await page.route('**/api/v1/notes/*', (route) => route.abort())
    await fill('Subjective', 'Typed just before')
    await page.clock.runFor('00:02')
    await text(/^Not kept at the server yet/)
    await page.clock.fastForward('06:00')
    await heading('Sign in')
    await page.unroute('**/api/v1/notes/*')
    await submitSignIn(page, doctor)
    await page.getByLabel('Subjective').waitFor()
    assert.equal(await page.getByLabel('Subjective').inputValue(), 'Typed just before')
    await page.clock.runFor('00:10')
    await text('Kept. Only you see it until you sign.')
  })

  it('has what speaks against a medicine in place, signs over it with a reason, prints, cancels and replaces', async () => {
    const { patient_id, visit_id } = await readyPatient(house, doctor, 'in_progress')
    const allergy = { substance: 'Penicillin', reaction: 'Hives', severity: 'severe' }
    await made(doctor.caller, 'POST', `/patients/${patient_id}/allergies`, allergy)
    await goIn('desk')
    const { page, click, fill } = visit
    await page.goto(`/visits/${visit_id}`)
    await text('Penicillin, Hives, Severe')
    await click('link', 'Prescribe')
    await heading('Prescribe')
    await fill(/^Medicine/, 'Amoxicillin')
    await fill(/^Dose/, '500 mg')
    await page.getByRole('combobox', { name: 'Route' }).fill('oral')
    await page.keyboard.press('Escape')
    await fill('How often', 'every 8 hours')
    await fill('Days', '7')
    await fill('Quantity', '21')
    await click('button', 'Keep and check')
    const finding = page.locator('[data-finding="allergy"]')
    await finding.getByText('Choose another medicine, or ask what happened then').waitFor()
    await looksRight('a finding stands under its medicine')
    await click('button', 'Sign')
    await text(/^Severe findings stand against it/)
    await finding.getByLabel('Sign all the same, because').fill('Tolerated amoxicillin last year')
    await click('button', 'Sign')
    await text('Verification code')
    await text('Signed all the same: Tolerated amoxicillin last year')
    await looksRight('a signed prescription')
    const download = page.waitForEvent('download')
    await click('button', 'Download for the patient (PDF)')
    assert.match((await download).suggestedFilename(), /^RX-\d{8}-\d{4,}\.pdf$/)
    await click('button', 'Cancel the prescription')
    await page.getByLabel('Why is it cancelled?').fill('Wrong strength')
    await page.getByLabel('Draft another one in its place').check()
    await looksRight('a prescription is cancelled')
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel the prescription' }).click()
    await page.getByRole('button', { name: 'Discard the draft' }).waitFor()
    assert.equal(await page.getByLabel(/^Medicine/).inputValue(), 'Amoxicillin')
  })

  it('reports an examination, preliminary and final; a critical result is acknowledged from today', async () => {
    const { visit_id, name } = await readyPatient(house, doctor, 'in_progress')
    await goIn('desk')
    const { page, click, fill } = visit
    await page.goto(`/visits/${visit_id}`)
    await click('button', 'Order or report an examination')
    await page.getByRole('heading', { level: 1, name: 'Radiology' }).waitFor()
    await click('button', 'Sign as final')
    await text('Something is missing: the fields say what.')
    await text('At least 10 characters')
    await looksRight('a report that lacks something')
    await click('combobox', 'Modality')
    await click('option', /^MR/)
    await fill('Body site', 'Head')
    await fill('Clinical question', 'Headache since a fall')
    const answers = (question: string) => page.getByRole('radiogroup', { name: question })
    await answers('Pacemaker or implant?').getByLabel('Yes', { exact: true }).check()
    await answers('Afraid of narrow rooms?').getByLabel('No', { exact: true }).check()
    await text('This speaks against the examination:')
    await looksRight('an answer speaks against the examination')
    await page.getByLabel('Weighed and accepted: Pacemaker or implant?').check()
    await fill('Findings', 'A subdural haematoma on the left.')
    await page.getByLabel(/^Critical finding/).check()
    const file = { name: 'head.png', mimeType: 'image/png', buffer: onePixel }
    const chooser = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'File' }).click()
    await (await chooser).setFiles(file)
    await fill('What it is', 'Head, axial')
    await click('button', 'Add')
    await page.getByLabel('Belongs to this report: Head, axial').waitFor()
    await click('button', 'Sign as preliminary')
    await text('Kept. Others still see the preliminary reading.')
    await click('button', 'Sign as final')
    await text(/^Critical result, raised/)
    await click('button', 'Show the image')
    await page.getByRole('img', { name: 'Head, axial' }).waitFor()
    await looksRight('a critical result')
    await click('link', 'Today')
    await click('button', `I look after it: ${name}`)
    await text(`You look after ${name}.`)
    await text('No alert waits.')
  })

  it('opens the record of somebody else’s patient in an emergency only, with a reason', async () => {
    const away = await createDoctor(house.administrator, { department_id: await createDepartment(house.administrator) })
    const { patient_id, name } = await readyPatient(house, doctor)
    await made(doctor.caller, 'POST', `/patients/${patient_id}/conditions`, { text: 'Epilepsy', icd10_code: 'G40.9' })
    await goIn('telephone', away, 'dark')
    const { page, click, fill } = visit
    await fill(/^Find a patient/, name)
    await page.getByRole('link', { name: new RegExp(`^${name}`) }).click()
    await heading('You may not see this record')
    await looksRight('a record out of reach')
    await fill(/^Why do you need this record now/, 'Unconscious in the emergency room')
    await click('button', 'Open the record in an emergency')
    await text(/^Emergency access until/)
    await text('Epilepsy (G40.9)')
    await looksRight('a record opened in an emergency')
  })
})

describe('on a telephone', { skip }, () => {
  beforeEach(() => goIn('telephone'))
  afterEach(() => visit?.close())

  it('today, the chart, a visit, a report and a prescription fit, with names that have no end', async () => {
    const { page, click } = visit
    const person = { ...nextPerson(), last_name: 'Wolfeschlegelsteinhausenbergerdorff'.repeat(2) }
    const { id: patient_id } = await made(house.administrator, 'POST', '/patients', person)
    const { id: visit_id } = await made(doctor.caller, 'POST', '/visits', { patient_id, doctor_id: doctor.doctor_id })
    const allergy = { substance: 'Paraphenylenediamine'.repeat(5) }
    await made(doctor.caller, 'POST', `/patients/${patient_id}/allergies`, allergy)
    await page.reload()
    await text(new RegExp(person.last_name))
    await looksRight('today')
    for (const [path, name] of [
      [`/patients/${patient_id}/chart`, 'Timeline'],
      [`/visits/${visit_id}`, 'Notes'],
      [`/patients/${patient_id}/prescribe`, 'Prescribe'],
    ] as const) {
      await page.goto(path)
      await heading(name)
      await text('Paraphenylenediamine')
      await looksRight(name)
    }
    await page.goto(`/visits/${visit_id}`)
    await click('button', 'Order or report an examination')
    await page.getByLabel('Findings').waitFor()
    await looksRight('a report')
    await page.goto('/visits/0198c0de-0000-7000-8000-000000000001')
    await heading('That did not work')
    await looksRight('no such visit')
  })
})
