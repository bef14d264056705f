// What two people change of one allergy, in Chromium: neither version is lost without somebody having seen it.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { createDoctor, made } from '../hospital.ts'
import { type House, openHouse, skip, submitSignIn } from './browser.ts'
import { assertRight, readyPatient } from './clinic.ts'

let house: House
before(async () => {
  if (!skip) house = await openHouse()
})
after(() => house?.close())

it(
  'an allergy that somebody else changes meanwhile is shown in both versions, and the one who comes second chooses',
  { skip },
  async () => {
    const doctor = await createDoctor(house.administrator, { department_id: house.department_id })
    const { patient_id } = await readyPatient(house, doctor)
    const path = `/patients/${patient_id}/allergies`
    const recorded = { substance: 'Latex', severity: 'mild', reaction: 'Hives', status: 'active' }
    const { id } = await made(doctor.caller, 'POST', path, recorded)
    const stands = async () =>
      JSON.parse((await doctor.caller.ask('GET', `/api/v1${path}/${id}`)).text) as typeof recorded
    const changedElsewhere = (severity: string) =>
      made(doctor.caller, 'PUT', `${path}/${id}`, { ...recorded, severity })
    const visit = await house.visit('desk')
    const { page, click, fill } = visit
    await page.goto('/')
    await submitSignIn(page, doctor)
    await page.getByRole('heading', { level: 1, name: /^Today/ }).waitFor()
    await page.goto(`/patients/${patient_id}/chart`)
    const open = () => page.getByRole('button', { name: /Latex/ }).first().click()
    const alert = page.getByRole('dialog').getByRole('alert')

    await open()
    await changedElsewhere('severe')
    await fill('Reaction', 'Hives on the arms')
    await click('button', 'Save')
    await alert.getByText('Severe').waitFor()
    await alert.getByText('Hives on the arms').waitFor()
    await assertRight(visit, 'both versions of an allergy')
    assert.equal(await page.getByRole('button', { name: 'Save' }).isDisabled(), true)
    assert.equal((await stands()).severity, 'severe')
    await click('button', 'Take the other version')
    await alert.waitFor({ state: 'detached' })
    await click('button', 'Save')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    assert.deepEqual([(await stands()).severity, (await stands()).reaction], ['severe', 'Hives'])

    await open()
    await changedElsewhere('life_threatening')
    await click('button', 'Recorded by mistake')
    await alert.getByText('Life-threatening').waitFor()
    assert.equal((await stands()).severity, 'life_threatening')
    await visit.close()
  },
)
