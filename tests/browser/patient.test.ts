// A patient's day in Chromium: find a doctor, register, book, change, cancel; wait for a time and take it; read what is kept of them,
// save it, and see who saw it. At a desk and on a telephone.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import type { Download } from 'playwright-core'
import { type Caller, signIn } from '../caller.ts'
import { createDoctor, expectStatus, freeStarts, nextPerson } from '../hospital.ts'
import {
  assertAccessible,
  assertFits,
  type House,
  openHouse,
  type Size,
  skip,
  submitSignIn,
  type Visit,
} from './browser.ts'

type Made = { id: string }
const password = 'violet harbour tractor 61'

let house: House
let doctor: Awaited<ReturnType<typeof createDoctor>>
before(async () => {
  if (skip) return
  house = await openHouse()
  doctor = await createDoctor(house.administrator, { specialization: 'Neurology', department_id: house.department_id })
  // A session that begins after the profile was made.
  doctor.caller = await signIn(house.server.port, doctor)
})
after(() => house?.close())

async function looksRight({ page }: Visit, state: string) {
  await assertAccessible(page, state)
  await assertFits(page, state)
}

async function make(caller: Caller, url: string, body: unknown = {}, status = 201) {
  return expectStatus(status, await caller.ask('POST', url, body)) as Made
}

async function saved(download: Promise<Download>): Promise<{ name: string; bytes: Buffer }> {
  const file = await download
  return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) }
}

for (const size of ['desk', 'telephone'] as const satisfies Size[]) {
  describe(`at the ${size}`, { skip }, () => {
    let visit: Visit
    let caller: Caller
    let patient_id: string
    const email = `patient.${size}@example.org`
    before(async () => {
      visit = await house.visit(size, { scheme: size === 'desk' ? 'light' : 'dark' })
    })
    after(() => visit?.close())

    it('somebody finds a doctor, registers, and has the time that they chose', async () => {
      const { page } = visit
      await page.goto('/doctors')
      await page.getByText('4 doctors').waitFor()
      await looksRight(visit, 'doctors')
      await page.getByRole('searchbox', { name: 'Name' }).fill('nobody of that name')
      await page.getByText('No doctor fits.').waitFor()
      await page.getByRole('searchbox', { name: 'Name' }).fill('')
      await page.getByRole('combobox', { name: 'Specialization' }).click()
      await page.getByRole('option', { name: 'Neurology' }).click()
      await page.getByText('1 doctor', { exact: true }).waitFor()
      await page.getByRole('main').getByRole('heading', { level: 2 }).getByRole('link').click()
      await page.getByRole('heading', { name: 'Next free times' }).waitFor()
      const times = page.getByRole('main').getByRole('listitem').getByRole('button')
      await times.nth(8).waitFor()
      await looksRight(visit, 'a doctor')
      await times.nth(8).click()

      await page.getByRole('link', { name: 'Register as a patient' }).click()
      await page.getByRole('heading', { name: 'Register as a patient' }).waitFor()
      await page.getByRole('button', { name: 'Register', exact: true }).click()
      await page.getByRole('alert').waitFor()
      await looksRight(visit, 'registration refused')
      const { first_name, last_name } = nextPerson()
      await page.getByLabel(/^First name/).fill(first_name)
      await page.getByLabel(/^Last name/).fill(last_name)
      await page.getByLabel(/^Date of birth/).fill('1984-02-29')
      await page.getByRole('radio', { name: 'Female' }).check()
      await page.getByLabel(/^Email/).fill(email)
      await page.getByLabel(/^Password/).fill(password)
      await page.getByRole('button', { name: 'Register', exact: true }).click()

      await page.getByRole('heading', { name: 'Book this time?' }).waitFor()
      await page.getByText(/^This time is held for you until/).waitFor()
      // Who loads the page again finds the time taken by nobody, themselves included.
      await page.reload()
      await page.getByText(/^This time is held for you until/).waitFor()
      await looksRight(visit, 'a time is held')
      await page.getByLabel(/^Why do you come/).fill('Headaches')
      await page.getByRole('button', { name: 'Book', exact: true }).click()
      await page.getByText(/APT-\d{8}-\d{4}/).waitFor()
      await looksRight(visit, 'booked for oneself')
      caller = await signIn(house.server.port, { email, password })
      const me = JSON.parse((await caller.ask('GET', '/api/v1/auth/me')).text) as { patient_id: string }
      patient_id = me.patient_id
    })

    it('they begin at their own appointments, say that they come, move and cancel, and are not offered what is too late', async () => {
      const { page } = visit
      const [start] = (await freeStarts(caller, doctor.doctor_id)).slice(-1)
      await make(caller, '/api/v1/appointments', { doctor_id: doctor.doctor_id, appointment_time: start })
      await page.goto('/')
      const cards = page.getByRole('main').getByRole('article')
      await cards.nth(1).waitFor()
      assert.equal(new URL(page.url()).pathname, '/appointments')
      // The first is within a day, as the first times of the doctor are.
      await cards
        .first()
        .getByText(/call the hospital to change or cancel it/)
        .waitFor()
      assert.equal(await cards.first().getByRole('link', { name: 'Change the time' }).count(), 0)
      const later = cards.last()
      await later.getByRole('button', { name: 'I am coming' }).click()
      await later.getByText('Confirmed').waitFor()
      await looksRight(visit, 'own appointments')
      const file = saved(page.waitForEvent('download'))
      await later.getByRole('button', { name: 'Save for my calendar' }).click()
      assert.match((await file).bytes.toString(), /^BEGIN:VCALENDAR/)

      await later.getByRole('link', { name: 'Change the time' }).click()
      await page.getByRole('heading', { name: 'Choose another time' }).waitFor()
      const day = String(start).slice(0, 10)
      await page.getByLabel('From', { exact: true }).fill(day)
      const times = page.getByRole('main').getByRole('listitem').getByRole('button')
      await times.nth(1).click()
      await page.getByRole('heading', { name: 'Move to this time?' }).waitFor()
      await looksRight(visit, 'moving')
      await page.getByRole('button', { name: 'Move to this time' }).click()
      await page.getByRole('heading', { name: 'Moved' }).waitFor()
      await page.getByRole('main').getByRole('link', { name: 'My appointments' }).click()

      await cards.last().getByRole('button', { name: 'Cancel the appointment' }).click()
      await cards
        .last()
        .getByLabel(/^Why\?/)
        .fill('Feeling better')
      await looksRight(visit, 'cancelling')
      await cards.last().getByRole('button', { name: 'Cancel the appointment' }).click()
      await page.getByRole('heading', { name: 'Earlier' }).waitFor()
      await page.getByText('Cancelled', { exact: true }).waitFor()
    })

    it('they wait for a time, are offered one as it becomes free, and take it', async () => {
      const { page } = visit
      const { administrator } = house
      const starts = await freeStarts(administrator, doctor.doctor_id)
      const start = String(starts[size === 'desk' ? 40 : 44])
      const other = await make(administrator, '/api/v1/patients', nextPerson())
      const body = { doctor_id: doctor.doctor_id, patient_id: other.id, appointment_time: start }
      const taken = await make(administrator, '/api/v1/appointments', body)
      await page.goto(`/doctors/${doctor.doctor_id}`)
      await page.getByRole('link', { name: 'Wait for an earlier time' }).click()
      await page.getByRole('heading', { name: 'Wait for an earlier time' }).waitFor()
      await page.getByLabel('From', { exact: true }).fill(start.slice(0, 10))
      await page.getByLabel('Until', { exact: true }).fill(start.slice(0, 10))
      await page.getByLabel('Not before').fill(start.slice(11, 16))
      await looksRight(visit, 'waiting is begun')
      await page.getByRole('button', { name: 'Wait', exact: true }).click()
      await page.getByRole('article').getByText('Waiting', { exact: true }).waitFor()
      await looksRight(visit, 'waiting')
      assert.equal((await administrator.ask('DELETE', `/api/v1/appointments/${taken.id}`)).status, 200)
      await page.getByRole('button', { name: 'Take this time' }).waitFor()
      await looksRight(visit, 'a time is offered')
      await page.goto('/')
      await page.getByText('A time became free for you').waitFor()
      await page.getByRole('link', { name: 'Take it or leave it' }).click()
      await page.getByRole('button', { name: 'Take this time' }).click()
      await page.getByText('You are on no waitlist.').waitFor()
      await page.getByText('Booked', { exact: true }).waitFor()
      await looksRight(visit, 'a time is taken')
    })

    it('they read their record, save what is in it, and see who saw it', async () => {
      const { page } = visit
      await page.goto('/my-record')
      await page.getByText('No prescription yet.').waitFor()
      await looksRight(visit, 'an empty record')
      const { department_id, administrator, url } = house
      const visited = { patient_id, department_id, doctor_id: doctor.doctor_id, chief_complaint: 'Headaches' }
      const { id: visit_id } = await make(administrator, '/api/v1/visits', visited)
      const long = 'Paracetamolofalongernamethanmostothershave'
      const medicine = {
        name: long,
        dosage: '500 mg',
        route: 'oral',
        frequency: 'every 8 hours',
        duration_days: 5,
        quantity: 15,
      }
      const drafted = await make(doctor.caller, '/api/v1/prescriptions', {
        patient_id,
        visit_id,
        medicines: [medicine],
      })
      await make(doctor.caller, `/api/v1/prescriptions/${drafted.id}/sign`, {}, 200)
      const form = new FormData()
      form.set('patient_id', patient_id)
      form.set('title', 'Letter to the family doctor')
      form.set('file', new Blob(['All is well.'], { type: 'text/plain' }), 'letter.txt')
      const headers = { authorization: `Bearer ${administrator.tokens.access_token}` }
      const uploaded = await fetch(`${url}/api/v1/documents`, { method: 'POST', headers, body: form })
      assert.equal(uploaded.status, 201, await uploaded.text())

      // All of it appears by itself.
      await page.getByText(long).waitFor()
      await page.getByText('Letter to the family doctor').waitFor()
      await page.getByRole('article').getByText('Headaches').waitFor()
      await looksRight(visit, 'own record')
      const letter = saved(page.waitForEvent('download'))
      await page.getByRole('button', { name: 'Save Letter to the family doctor' }).click()
      assert.equal((await letter).bytes.toString(), 'All is well.')
      const sheet = saved(page.waitForEvent('download'))
      await page.getByRole('button', { name: /^Save the sheet/ }).click()
      assert.equal((await sheet).bytes.subarray(0, 5).toString(), '%PDF-')

      await page.goto('/my-record/access')
      await page.getByText('Signed a prescription').waitFor()
      await page.getByText('Robin Tested, Doctor').first().waitFor()
      await looksRight(visit, 'who saw my record')
      const copy = saved(page.waitForEvent('download'))
      await page.getByRole('button', { name: 'Save my copy' }).click()
      const { name, bytes } = await copy
      assert.match(name, /\.zip$/)
      assert.equal(bytes.subarray(0, 2).toString(), 'PK')
      await page.getByText(/^Your copy is saved/).waitFor()
      await page.getByText('Took a copy of the record').first().waitFor()
    })
  })
}

describe('registering', { skip }, () => {
  let visit: Visit
  before(async () => {
    visit = await house.visit('desk')
  })
  after(() => visit?.close())

  it('tells nobody whose address has an account', async () => {
    const { page } = visit
    await page.goto('/register')
    const { first_name, last_name } = nextPerson()
    await page.getByLabel(/^First name/).fill(first_name)
    await page.getByLabel(/^Last name/).fill(last_name)
    await page.getByLabel(/^Email/).fill('patient.desk@example.org')
    await page.getByLabel(/^Password/).fill(`${password} and more`)
    await page.keyboard.press('Enter')
    await page.getByText(/^A mail is on its way to you/).waitFor()
    await looksRight(visit, 'registered already')
    await page.goto('/')
    await submitSignIn(page, { email: 'patient.desk@example.org', password })
    await page.getByRole('heading', { name: 'My appointments' }).waitFor()
  })
})
