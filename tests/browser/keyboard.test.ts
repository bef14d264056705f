// The main job of each person by the keyboard alone, at a desk and where the page is as narrow as a telephone: no click is in this file.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  createColleague,
  createDoctor,
  expectStatus,
  freeStarts,
  made,
  nextPerson,
  registerAlone,
} from '../hospital.ts'
import { type House, openHouse, type Size, skip, type Visit } from './browser.ts'
import { enterAs } from './chromium.ts'
import { assertRight, readyPatient, tabToName } from './clinic.ts'

let house: House
let doctor: Awaited<ReturnType<typeof createDoctor>>
before(async () => {
  if (skip) return
  house = await openHouse()
  doctor = await createDoctor(house.administrator, { department_id: house.department_id })
})
after(() => house?.close())

for (const size of ['desk', 'telephone'] as const satisfies Size[]) {
  describe(`by the keyboard alone, ${size}`, { skip }, () => {
    /** Does one person's work in a window of their own. */
    async function as(
      account: { email: string; password: string },
      work: (visit: Visit, hands: ReturnType<typeof handsOf>) => Promise<void>,
    ) {
      const visit = await house.visit(size)
      await enterAs(visit.page, account)
      await visit.page.goto('/')
      await work(visit, handsOf(visit)).catch(async (cause: unknown) => {
        throw new Error(`the page showed: ${await visit.page.innerText('body')}`, { cause })
      })
      await visit.close()
    }
    const colleague = (role: string) => createColleague(house.administrator, role, house.department_id)

    it('a receptionist registers, books and checks in', async () => {
      const { first_name, last_name } = nextPerson()
      await as(await colleague('staff'), async ({ page }, { reach, press, type, see, opened }) => {
        // The box has the focus: one types at once.
        await page.locator('input:focus').waitFor()
        await type(`${first_name} ${last_name}`)
        await see('Nobody fits.')
        await reach(/^Register a new patient/)
        await press('Enter')
        await page.locator('input[name="date_of_birth"]:focus').waitFor()
        await type('02291984')
        await reach(/^Phone/)
        await type(`+1415557${size === 'desk' ? '0101' : '0102'}`)
        await press('Tab')
        await press('Space')
        await reach(/^Register and book/)
        await press('Enter')
        await page.getByRole('heading', { name: 'Book an appointment' }).waitFor()
        await page.locator('button[aria-pressed]').first().waitFor()
        await reach(/(Cardiology|Dermatology|General medicine)/)
        await press('Space')
        await see(/^Held for you until/)
        await reach(/^Book$/)
        await press('Enter')
        await page.getByRole('heading', { name: 'Booked' }).waitFor()
        await reach(/^To the patient/)
        await press('Enter')
        await page.getByRole('heading', { name: 'Appointments' }).waitFor()
        await reach(/Booked/)
        await press('Enter')
        await opened()
        await reach(/^Check in$/)
        await press('Enter')
        await page.getByRole('dialog').getByText('Checked in', { exact: true }).waitFor()
      })
    })

    it('a nurse triages, assesses and signs', async () => {
      const { id: patient_id } = await made(house.administrator, 'POST', '/patients', nextPerson())
      await made(house.administrator, 'POST', '/visits', { patient_id, doctor_id: doctor.doctor_id })
      await as(await colleague('nurse'), async ({ page }, { reach, press, type, see }) => {
        await page
          .getByRole('button', { name: /^Start triage of/ })
          .first()
          .waitFor()
        await reach(/^Start triage of/)
        await press('Enter')
        await page.getByLabel(/^Breaths/).waitFor()
        await reach(/^Breaths/)
        await type('16')
        await press('Tab')
        await type('97')
        await press('Tab')
        // A letter chooses in a list.
        await type('N')
        await page.getByRole('region', { name: 'Early warning (NEWS2)' }).getByText('At least 0').waitFor()
        await reach(/^Pulse/)
        await type('70')
        // Enter signs, from wherever one is in the form.
        await press('Enter')
        await see('Signed.')
      })
    })

    it('a doctor begins with a patient, signs a note, records a diagnosis, and filters the timeline', async () => {
      await readyPatient(house, doctor)
      await as(doctor, async (visit, { reach, press, type, see, opened, choose }) => {
        const { page } = visit
        await page
          .getByRole('button', { name: /^Begin with/ })
          .first()
          .waitFor()
        await reach(/^Begin with/)
        await press('Enter')
        await page.getByRole('heading', { name: /^Visit VS-/ }).waitFor()
        await reach(/^Write a note/)
        await press('Enter')
        await page.getByLabel('Subjective').waitFor()
        await reach(/^Subjective/)
        await type('Better')
        await reach(/^Sign$/)
        await press('Enter')
        await see(/^Signed .* by Robin Tested$/)
        await reach(/^Record a diagnosis/)
        await press('Enter')
        await opened()
        await page.getByRole('dialog').getByLabel('Diagnosis').waitFor()
        await type('Bronchitis')
        await press('Tab')
        await type('j40')
        await assertRight(visit, 'a diagnosis is recorded')
        await press('Enter')
        await page.getByRole('dialog').waitFor({ state: 'detached' })
        await see('Bronchitis (J40)')

        await reach(/^Chart$/)
        await press('Enter')
        await page.getByRole('heading', { name: 'Timeline' }).waitFor()
        await reach(/^Show/)
        await press('Enter')
        await choose('Notes')
        await page.locator('[data-kind="note"]').waitFor()
        await page.locator('[data-kind]:not([data-kind="note"])').first().waitFor({ state: 'detached' })
        await reach(/Note/)
        await press('Enter')
        await page.getByRole('dialog').getByText('Better').waitFor()
        await assertRight(visit, 'an entry of the timeline')
        await press('Escape')
        await page.getByRole('dialog').waitFor({ state: 'detached' })
      })
    })

    it('a patient finds a time, books it, and cancels another', async () => {
      const patient = await registerAlone(house.server.port)
      const later = (await freeStarts(house.administrator, doctor.doctor_id)).at(size === 'desk' ? -1 : -2)
      const body = { doctor_id: doctor.doctor_id, appointment_time: later }
      expectStatus(201, await patient.caller.ask('POST', '/api/v1/appointments', body))
      await as(patient, async ({ page }, { reach, press, type, see }) => {
        await page.getByRole('main').getByRole('article').first().waitFor()
        await reach(/^Cancel the appointment/)
        await press('Enter')
        await page.locator('textarea:focus').waitFor()
        await type('Feeling better')
        await press('Tab')
        await press('Enter')
        await see('Cancelled')
        await page.goto(`/doctors/${doctor.doctor_id}`)
        await page.getByRole('main').getByRole('listitem').nth(20).waitFor()
        for (let times = 0; times < 12; times += 1) await reach(/^\d{1,2}:\d\d/)
        await press('Enter')
        await see(/^This time is held for you until/)
        await reach(/^Why do you come/)
        await type('Once more')
        await press('Tab')
        await press('Enter')
        await page.getByRole('heading', { name: 'Booked' }).waitFor()
      })
    })

    it('an administrator invites somebody and gives them another role', async () => {
      await as(await colleague('admin'), async ({ page }, { reach, press, type, see }) => {
        await page.goto('/users')
        await page.getByText(/^\d+ accounts$/).waitFor()
        await reach(/^Invite somebody/)
        await press('Enter')
        await page.locator('input[type="email"]:focus').waitFor()
        await type(`keys.${size}@example.org`)
        await press('Tab')
        await type('Kay')
        await press('Tab')
        await type(`Keys ${size}`)
        await press('Tab')
        await type('nurse')
        await reach(/^Send the invitation/)
        await press('Enter')
        await see('The invitation is on its way.')
        await reach(/^Open/)
        await press('Enter')
        await page.getByRole('heading', { name: `Kay Keys ${size}` }).waitFor()
        await reach(/^Role$/)
        await type('staff')
        await reach(/^Save$/)
        await press('Enter')
        await see(/^Saved/)
      })
      const { items } = await made(house.administrator, 'GET', `/users?q=${encodeURIComponent(`Keys ${size}`)}`)
      assert.match(JSON.stringify(items), /"role":"staff"/)
    })

    it('an auditor narrows the log, opens an entry, and proves the log', async () => {
      await as(await colleague('auditor'), async ({ page }, { reach, press, type, see }) => {
        await page.getByText(/^\d+ entries$/).waitFor()
        await reach(/^Operation/)
        await type('user.create')
        await press('Enter')
        await page.getByRole('list', { name: 'Audit log' }).getByText('user.create').first().waitFor()
        await reach(/^More about it/)
        await press('Enter')
        await page.getByRole('button', { name: 'All of this request' }).first().waitFor()
        await page.goto('/audit')
        await page.getByText(/^\d+ entries$/).waitFor()
        await reach(/^Proof/)
        await press('Enter')
        await page.getByRole('button', { name: 'Verify the log' }).waitFor()
        await reach(/^Verify the log/)
        await press('Enter')
        await see(/^The log is whole/)
      })
    })
  })
}

const handsOf = (visit: Visit) => ({
  reach: (name: RegExp) => tabToName(visit, name),
  press: (key: string) => visit.page.keyboard.press(key),
  type: (words: string) => visit.page.keyboard.type(words),
  see: (what: string | RegExp) =>
    visit.page
      .getByText(what, { exact: typeof what === 'string' })
      .first()
      .waitFor(),
  /** A dialog moves the focus into itself a moment after it is seen: keys that come before would be for where the focus goes then. */
  opened: () => visit.page.locator('[role="dialog"] :focus').waitFor(),
  /** Goes down an open list to the option. */
  choose: async (name: string) => {
    const option = visit.page.getByRole('option', { name })
    await option.waitFor()
    // Where it begins is set by a timer that was begun with the opening: keys may overtake that one, and not one that is begun now.
    await visit.page.evaluate(() => new Promise((resolve) => setTimeout(resolve)))
    for (let steps = 0; steps < 50; steps += 1) {
      if ((await option.getAttribute('data-combobox-selected')) !== null) return visit.page.keyboard.press('Enter')
      await visit.page.keyboard.press('ArrowDown')
    }
    throw new Error(`no arrow leads to ${name}`)
  },
})
