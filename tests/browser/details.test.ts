// Who somebody is and how they are reached, in Chromium: what patients change themselves, and what the reception corrects.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { until } from '../processes.ts'
import { registerAlone, expectStatus, nextPerson } from '../hospital.ts'
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
before(async () => {
  if (!skip) house = await openHouse()
})
after(() => house?.close())

async function looksRight({ page }: Visit, state: string) {
  await assertAccessible(page, state)
  await assertFits(page, state)
}

for (const size of ['desk', 'telephone'] as const satisfies Size[]) {
  describe(`a patient at the ${size}`, { skip }, () => {
    let visit: Visit
    let patient: Awaited<ReturnType<typeof registerAlone>>
    let patient_id: string
    before(async () => {
      patient = await registerAlone(house.server.port)
      const me = expectStatus(200, await patient.caller.ask('GET', '/api/v1/auth/me'))
      patient_id = (me as { patient_id: string }).patient_id
      visit = await house.visit(size, { scheme: size === 'desk' ? 'dark' : 'light' })
      await visit.page.goto('/')
      await submitSignIn(visit.page, patient)
      await visit.page.getByRole('heading', { name: 'My appointments' }).waitFor()
    })
    after(() => visit?.close())

    it('changes how they are reached, and is told which field is not right', async () => {
      const { page } = visit
      await page.goto('/my-record')
      await page.getByRole('link', { name: 'Contact', exact: true }).click()
      const contact = page.getByRole('region', { name: 'How the hospital reaches you' })
      await contact.getByLabel('Phone', { exact: true }).fill('nonsense')
      await contact.getByRole('button', { name: 'Save' }).click()
      await contact.locator('[aria-invalid="true"]').waitFor()
      await looksRight(visit, 'a phone that is none')
      await contact.getByLabel('Phone', { exact: true }).fill('(415) 555-2671')
      await contact.getByLabel('Street and number').fill('1 Main Street')
      await contact.getByLabel('City').fill('Springfield')
      await contact.getByLabel('Country').selectOption({ label: 'United States' })
      await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      await contact.getByText('Saved.').waitFor()
      assert.equal(await contact.getByLabel('Phone', { exact: true }).inputValue(), '+14155552671')
      await looksRight(visit, 'own contact')
    })

    it('chooses reminders and quiet hours', async () => {
      const { page } = visit
      await page.goto('/my-record/details')
      const reminders = page.getByRole('region', { name: 'Reminders' })
      await reminders.getByRole('checkbox', { name: '1 day before' }).waitFor()
      await reminders.getByRole('checkbox', { name: '2 hours before' }).focus()
      await page.keyboard.press('Space')
      await reminders.getByLabel('From').fill('21:00')
      await reminders.getByRole('button', { name: 'Save' }).click()
      await reminders.locator('[aria-invalid="true"]').waitFor()
      await reminders.getByLabel('Until').fill('08:00')
      await reminders.getByRole('button', { name: 'Save' }).click()
      await reminders.getByText('Saved.').waitFor()
      await looksRight(visit, 'reminders')
      const url = `/api/v1/patients/${patient_id}/notification-preferences`
      const kept = expectStatus(200, await patient.caller.ask('GET', url)) as Record<string, unknown>
      const { reminder_minutes, quiet_from, quiet_until } = kept
      assert.deepEqual(
        { reminder_minutes, quiet_from, quiet_until },
        { reminder_minutes: [1440, 120], quiet_from: '21:00', quiet_until: '08:00' },
      )
    })

    it('makes a link for a calendar, which opens until it is revoked', async () => {
      const { page } = visit
      await page.goto('/my-record/details')
      const links = page.getByRole('region', { name: 'Calendar links' })
      await links.getByText('There is no link.').waitFor()
      await links.getByRole('button', { name: 'Make a link to my appointments' }).click()
      const link = await links.locator('pre').innerText()
      await looksRight(visit, 'a link for a calendar')
      const path = new URL(link).pathname
      assert.match(await (await fetch(`${house.url}${path}`)).text(), /^BEGIN:VCALENDAR/)
      await links.getByRole('button', { name: 'I have kept it' }).click()
      await links.getByRole('button', { name: /^Revoke: Made/ }).click()
      await links.getByText('There is no link.').waitFor()
      assert.equal((await fetch(`${house.url}${path}`)).status, 404)
    })

    it('adds a document of their own, and takes it out again', async () => {
      const { page } = visit
      await page.goto('/my-record')
      await page.getByText('No document yet.').waitFor()
      await page.getByRole('button', { name: 'Add a document' }).click()
      const dialog = page.getByRole('dialog', { name: 'Add a document' })
      await dialog.locator('input[type="file"]').setInputFiles({
        name: 'letter.txt',
        mimeType: 'text/plain',
        buffer: Buffer.from('From elsewhere.'),
      })
      const title = `Letter ${'from elsewhere '.repeat(10)}`.trim()
      await dialog.getByLabel('What it is').fill(title)
      await looksRight(visit, 'adding a document')
      await dialog.getByRole('button', { name: 'Add it' }).click()
      await dialog.waitFor({ state: 'detached' })
      const document = page.getByRole('article').filter({ hasText: title })
      await document.getByRole('button', { name: /^Save Letter/ }).waitFor()
      await looksRight(visit, 'a document of a long title')
      await document.getByRole('button', { name: /^Take it out: Letter/ }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Take it out' }).click()
      await page.getByText('No document yet.').waitFor()
    })
  })

  describe(`the reception at the ${size}`, { skip }, () => {
    let visit: Visit
    before(async () => {
      visit = await house.visit(size, { scheme: size === 'desk' ? 'light' : 'dark' })
      await enter(house, visit, 'staff')
    })
    after(() => visit?.close())

    it('corrects a record, and where two do, sees both versions and chooses', async () => {
      const { page } = visit
      const { administrator } = house
      const made = await administrator.ask('POST', '/api/v1/patients', { ...nextPerson(), force: true })
      const { id } = expectStatus(201, made) as { id: string }
      await page.goto(`/patients/${id}`)
      await page.getByRole('link', { name: 'Change the details' }).click()
      const details = page.getByRole('region', { name: 'Details' })
      await details.getByLabel('Last name').fill('Corrected')
      await details.getByLabel('Blood type').selectOption('A+')
      await details.getByRole('button', { name: 'Save' }).click()
      await details.getByText('Saved.').waitFor()
      await looksRight(visit, 'details')
      await details.getByLabel('Occupation').fill('Baker')
      const url = `/api/v1/patients/${id}`
      const headers = { 'content-type': 'application/merge-patch+json' }
      const body = JSON.stringify({ occupation: 'Butcher', email: 'theirs@example.org' })
      expectStatus(200, await administrator.send({ method: 'PATCH', url, headers, body }))
      await details.getByRole('button', { name: 'Save' }).click()
      const conflict = page.getByRole('alert')
      await conflict.getByRole('row', { name: /Occupation Butcher Baker/ }).waitFor()
      await looksRight(visit, 'two corrections')
      await conflict.getByRole('button', { name: 'Save mine' }).click()
      // The word stands there from before, too.
      const read = async () => expectStatus(200, await administrator.ask('GET', url)) as Record<string, unknown>
      await until('what was chosen is kept', async () => (await read())['occupation'] === 'Baker')
      await details.getByText('Saved.').waitFor()
      const now = await read()
      // What they changed and this form did not stays.
      assert.deepEqual(
        [now['occupation'], now['email'], now['last_name']],
        ['Baker', 'theirs@example.org', 'Corrected'],
      )
    })
  })
}
