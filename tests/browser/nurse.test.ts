// A nurse's day in the browser: the board, the assessment that is filled as known and warns as one types, alerts, and the course of
// vital signs. By mouse and by keys, at the desk and on a telephone.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Caller } from '../caller.ts'
import { createColleague, expectStatus, nextPerson } from '../hospital.ts'
import {
  assertAccessible,
  assertFits,
  enter,
  type House,
  openHouse,
  type Size,
  skip,
  submitSignIn,
  type Visit,
} from './browser.ts'

let house: House
let other: Caller
before(async () => {
  if (skip) return
  house = await openHouse()
  other = (await createColleague(house.administrator, 'nurse', house.department_id)).caller
})
after(() => house?.close())

type Made = { id: string; version: number }
const made = (answer: Awaited<ReturnType<Caller['ask']>>, status = 201) => expectStatus(status, answer) as Made

/** Somebody who has come, as the reception would let them in. */
async function arrived(names: { first_name?: string; last_name?: string } = {}, date_of_birth = '1950-03-04') {
  const person = { ...nextPerson(), date_of_birth, ...names, force: true }
  const patient_id = made(await house.administrator.ask('POST', '/api/v1/patients', person)).id
  const visit = made(await other.ask('POST', '/api/v1/visits', { patient_id, chief_complaint: 'Short of breath' }))
  return { ...person, name: `${person.first_name} ${person.last_name}`, patient_id, visit_id: visit.id }
}

async function assessed(visit_id: string, vital_signs: object) {
  const draft = made(await other.ask('POST', `/api/v1/visits/${visit_id}/nursing-assessment`, { vital_signs }))
  return made(await other.ask('POST', `/api/v1/assessments/${draft.id}/finalize`, {}), 200)
}

async function looksRight({ page }: Visit, state: string) {
  await assertAccessible(page, state)
  await assertFits(page, state)
}

for (const size of ['desk', 'telephone'] as const satisfies Size[]) {
  describe(`at the ${size}`, { skip }, () => {
    let visit: Visit
    before(async () => {
      visit = await house.visit(size, { scheme: size === 'desk' ? 'light' : 'dark' })
      await enter(house, visit, 'nurse')
    })
    after(() => visit?.close())

    it('whoever has come is triaged from the board, and what is dangerous is said while it is typed, signed, and looked after', async () => {
      const { page, click, fill } = visit
      const person = await arrived()
      await page.goto('/')
      await page.getByRole('heading', { name: 'Board' }).waitFor()
      await looksRight(visit, 'board')
      await click('button', `Start triage of ${person.name}`)
      await page.getByRole('heading', { name: 'Vital signs' }).waitFor()
      const score = page.getByRole('region', { name: 'Early warning (NEWS2)' })
      await score.getByText('Begins with the first value.').waitFor()
      await fill(/^Breaths/, '26')
      await score.getByText('At least 3').waitFor()
      await page.getByText('High: usual is 12 to 20').waitFor()
      await fill(/^Oxygen saturation/, '91')
      await page.getByLabel('On supplemental oxygen').selectOption('No')
      await fill(/^Systolic pressure/, '95')
      await fill(/^Diastolic pressure/, '60')
      await fill(/^Pulse/, '1')
      await page.getByText('At least 20').waitFor()
      await fill(/^Pulse/, '120')
      await page.getByLabel('Consciousness').selectOption('Alert')
      await fill(/^Temperature/, '38,4')
      await score.getByText('11: high').waitFor()
      await score.getByText('Signing this tells the doctor at once.').waitFor()
      await page.getByText(/^Saved at .*seen by you alone/).waitFor()
      await looksRight(visit, 'form with dangerous values')
      // Another look at it goes on where one was.
      await page.reload()
      await page.getByLabel(/^Temperature/).waitFor()
      assert.equal(await page.getByLabel(/^Temperature/).inputValue(), '38.4')
      await click('button', 'Sign')
      await page.getByText('Signed. The doctor has been told of the dangerous values.').waitFor()
      await looksRight(visit, 'signed, with an alert')
      await page.goto('/')
      await page.getByText(/1 alert waits for somebody/).waitFor()
      await click('button', `Open ${person.name}`)
      const panel = page.getByRole('dialog', { name: 'Visit' })
      await panel.getByText('Short of breath').waitFor()
      await panel.getByLabel('What was done').fill('Gave oxygen')
      await looksRight(visit, 'visit with an alert')
      await panel.getByRole('button', { name: 'I look after it' }).click()
      await panel.getByText('Nobody looks after it yet.').waitFor({ state: 'detached' })
      await panel.getByRole('link', { name: 'Nursing assessment' }).click()
      await page.getByText('Done: Gave oxygen').waitFor()

      await click('button', 'Amend')
      await page.getByRole('heading', { name: 'Amend the assessment' }).waitFor()
      await fill(/^Pulse/, '100')
      await click('button', 'Sign the amendment')
      await page.getByText('Say why it is amended.').waitFor()
      await looksRight(visit, 'amendment without a reason')
      await fill(/^Why it is amended/, 'Counted again')
      await click('button', 'Sign the amendment')
      await page.getByText('Because: Counted again').waitFor()
      await page.getByText('120 /min').waitFor()
      await looksRight(visit, 'amended')
    })

    it('a form begins with what is known, says where from, and is signed when that was confirmed', async () => {
      const { page, click, fill } = visit
      const person = await arrived()
      await assessed(person.visit_id, { height_cm: 171, weight_kg: 64.5, pulse_bpm: 66, temperature_celsius: 36.8 })
      made(
        await other.ask('POST', `/api/v1/patients/${person.patient_id}/allergies`, {
          substance: 'Penicillin',
          severity: 'severe',
        }),
      )
      await page.goto(`/visits/${person.visit_id}/nursing`)
      await click('button', 'New assessment')
      await page
        .getByText(/^From the assessment of .*, not confirmed yet\.$/)
        .first()
        .waitFor()
      assert.equal(await page.getByLabel(/^Height/).inputValue(), '171')
      await page.getByText(/^Last: 66 \/min/).waitFor()
      const known = page.getByRole('region', { name: 'What is known' })
      await known.getByText('Penicillin').waitFor()
      await known.getByText(/^allergy recorded/).waitFor()
      await looksRight(visit, 'form that begins with what is known')
      await fill(/^Pulse/, '72')
      await fill(/^Weight/, '65')
      await click('button', 'Sign')
      await page
        .getByRole('alert')
        .filter({ hasText: /^One value comes from an earlier record/ })
        .waitFor()
      await page.locator('#confirm-vital_signs-height_cm:focus').waitFor()
      await page.keyboard.press('Enter')
      await page.getByText('Body mass index').waitFor()
      await click('button', 'Sign')
      await page.getByText('Signed.', { exact: true }).waitFor()
      await page.getByRole('navigation', { name: 'Assessments of this visit' }).waitFor()
      await page.getByText('65 kg').waitFor()
      await looksRight(visit, 'two assessments')
    })

    it('vital signs are drawn over time, each with its value in a table', async () => {
      const { page } = visit
      const person = await arrived()
      await page.goto(`/patients/${person.patient_id}/vital-signs`)
      await page.getByText('No vital signs are recorded yet.').waitFor()
      await looksRight(visit, 'no vital signs')
      await assessed(person.visit_id, { pulse_bpm: 70, blood_pressure_systolic: 120, blood_pressure_diastolic: 70 })
      // It is there without being asked for again.
      await page.getByRole('img', { name: /^Pulse: 1 values, last 70/ }).waitFor()
      await assessed(person.visit_id, { pulse_bpm: 130, blood_pressure_systolic: 150, blood_pressure_diastolic: 80 })
      await page.getByRole('img', { name: /^Pulse: 2 values, last 130, lowest 70, highest 130/ }).waitFor()
      const table = page.getByRole('region', { name: 'Pulse, each value' })
      assert.match(await table.getByRole('row').nth(1).innerText(), /130\s+high/)
      await page.getByRole('region', { name: 'Blood pressure, each value' }).getByText('150/80').waitFor()
      await looksRight(visit, 'vital signs over time')
      await page.getByText('24 hours', { exact: true }).click()
      await page.getByRole('img', { name: /^Pulse: 2 values/ }).waitFor()
    })

    it('a long name breaks and widens nothing', async () => {
      const { page } = visit
      const last_name = 'Wolfeschlegelsteinhausenbergerdorff'.repeat(2)
      const person = await arrived({ first_name: (size === 'desk' ? 'A' : 'B').repeat(60), last_name })
      await page.goto('/board')
      await page.getByRole('button', { name: `Open ${person.name}` }).waitFor()
      await looksRight(visit, 'long name on the board')
      await page.goto(`/visits/${person.visit_id}/nursing`)
      await page.getByRole('heading', { name: last_name }).waitFor()
      await looksRight(visit, 'long name in the form')
    })
  })
}

describe('what others do', { skip }, () => {
  let visit: Visit
  let colleague: Awaited<ReturnType<typeof enter>>
  before(async () => {
    visit = await house.visit('desk')
    colleague = await enter(house, visit, 'nurse')
  })
  after(() => visit?.close())

  it('appears on the board as it happens', async () => {
    const { page } = visit
    await page.goto('/board')
    await page.getByRole('heading', { name: 'Board' }).waitFor()
    const person = await arrived()
    const waiting = page.getByRole('region', { name: 'Waiting' }).getByRole('button', { name: `Open ${person.name}` })
    await waiting.waitFor()
    made(await other.ask('PUT', `/api/v1/visits/${person.visit_id}/status`, { status: 'triaged' }), 200)
    await page
      .getByRole('region', { name: 'In triage' })
      .getByRole('button', { name: `Open ${person.name}` })
      .waitFor()
    await assessed(person.visit_id, { consciousness: 'confusion', pulse_bpm: 70 })
    const row = page.getByRole('listitem').filter({ hasText: person.name })
    await row.getByText('Alert', { exact: true }).waitFor()
    await row.getByText('NEWS2 3').waitFor()
  })

  it('to one’s draft on another screen is shown beside what is typed here, and one chooses', async () => {
    const { page, fill, click } = visit
    const person = await arrived()
    await page.goto(`/visits/${person.visit_id}/nursing`)
    await fill(/^Pulse/, '80')
    await page.getByText(/^Saved at/).waitFor()
    const path = `/api/v1/visits/${person.visit_id}/nursing-assessment`
    made(await colleague.caller.ask('PUT', path, { vital_signs: { pulse_bpm: 90 } }), 200)
    await fill(/^Weight/, '70')
    const conflict = page.getByRole('alert').filter({ hasText: 'changed on another screen' })
    await conflict.getByText('90 /min').waitFor()
    await looksRight(visit, 'two versions of a draft')
    await click('button', 'Keep what is on this screen')
    await page.getByText(/^Saved at/).waitFor()
    const kept = expectStatus(200, await colleague.caller.ask('GET', path)) as { nursing: { vital_signs: object } }
    assert.deepEqual(kept.nursing.vital_signs, { pulse_bpm: 80, weight_kg: 70 })
  })

  it('to a visit is not overwritten unseen', async () => {
    const { page, click } = visit
    const person = await arrived()
    await page.goto('/board')
    await click('button', `Open ${person.name}`)
    const panel = page.getByRole('dialog', { name: 'Visit' })
    await panel.getByRole('button', { name: 'Change priority or complaint' }).click()
    await panel.getByLabel('Why they came').fill('Chest pain')
    const body = { doctor_id: null, type: 'emergency', priority: 1, chief_complaint: 'Fainted' }
    made(await other.ask('PUT', `/api/v1/visits/${person.visit_id}`, body), 200)
    await panel.getByRole('button', { name: 'Save', exact: true }).click()
    await panel.getByRole('columnheader', { name: 'As it stands now' }).waitFor()
    for (const stands of ['Priority 1', 'Fainted']) await panel.getByRole('cell', { name: stands }).waitFor()
    await looksRight(visit, 'two versions of a visit')
    await panel.getByRole('button', { name: 'Leave it as it stands' }).click()
    await panel.getByText('Fainted').waitFor()
  })
})

describe('whoever has no business there', { skip }, () => {
  it('is told so, and is not offered the board', async () => {
    const visit = await house.visit('desk')
    const { page } = visit
    await enter(house, visit, 'staff')
    assert.equal(await page.getByRole('link', { name: 'Board' }).count(), 0)
    await page.goto('/board')
    await page.getByRole('heading', { name: 'This page is not for your role' }).waitFor()
    await visit.close()
  })

  it('is shown an empty department, and a visit that is none of theirs as one that is not there', async () => {
    const visit = await house.visit('desk')
    const { page } = visit
    const person = await arrived()
    const elsewhere = made(
      await house.administrator.ask('POST', '/api/v1/departments', { name: 'Elsewhere', code: 'ELSE' }),
    )
    const colleague = await createColleague(house.administrator, 'nurse', elsewhere.id)
    await page.goto('/')
    await submitSignIn(page, colleague)
    await page.getByText('Nobody is waiting.').waitFor()
    await looksRight(visit, 'empty board')
    await page.getByRole('button', { name: 'Take the next patient' }).click()
    await page.getByText('Nobody is waiting to be taken.').waitFor()
    await page.goto(`/visits/${person.visit_id}/nursing`)
    await page.getByRole('alert').waitFor()
    await looksRight(visit, 'no such visit')
    await visit.close()
  })
})
