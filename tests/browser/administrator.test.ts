// The day of an administrator in Chromium: people, roles, the house, figures, imports, what goes on behind.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { createColleague, expectStatus, freeStarts, nextPerson } from '../hospital.ts'
import { assertAccessible, assertFits, enter, type House, openHouse, type Size, skip, type Visit } from './browser.ts'

let house: House
/** A day with one appointment. */
let booked_on: string
before(async () => {
  if (skip) return
  house = await openHouse()
  booked_on = await bookOne()
})
after(() => house?.close())

async function looksRight({ page }: Visit, state: string) {
  await assertAccessible(page, state)
  await assertFits(page, state)
}

async function bookOne(): Promise<string> {
  const { administrator } = house
  const made = await administrator.ask('POST', '/api/v1/patients', nextPerson())
  const { id: patient_id } = expectStatus(201, made) as { id: string }
  const listed = await administrator.ask('GET', '/api/v1/doctors')
  const doctor_id = String((expectStatus(200, listed) as { items: { id: string }[] }).items[0]?.id)
  const [appointment_time] = await freeStarts(administrator, doctor_id)
  expectStatus(
    201,
    await administrator.ask('POST', '/api/v1/appointments', { patient_id, doctor_id, appointment_time }),
  )
  return String(appointment_time).slice(0, 10)
}

for (const size of ['desk', 'telephone'] as const satisfies Size[]) {
  describe(`at the ${size}`, { skip }, () => {
    let visit: Visit
    before(async () => {
      visit = await house.visit(size, { scheme: size === 'desk' ? 'light' : 'dark' })
      await enter(house, visit, 'admin')
    })
    after(() => visit?.close())

    it('somebody is invited, found again, and given another role', async () => {
      const { page } = visit
      await page.goto('/users')
      await page.getByText(/^\d+ accounts$/).waitFor()
      await looksRight(visit, 'users')
      await page.getByRole('button', { name: 'Invite somebody' }).click()
      const dialog = page.getByRole('dialog', { name: 'Invite somebody' })
      await dialog.getByRole('button', { name: 'Send the invitation' }).click()
      await dialog.locator('[aria-invalid="true"]').first().waitFor()
      await looksRight(visit, 'invitation refused')
      const email = `new.${size}@example.org`
      await dialog.getByLabel('Email').fill(email)
      await dialog.getByLabel('First name').fill('Grace')
      await dialog.getByLabel('Last name').fill(`Hopper ${size}`)
      await dialog.getByLabel('Role').selectOption('nurse')
      await dialog.getByRole('button', { name: 'Send the invitation' }).click()
      await dialog.getByText('The invitation is on its way.').waitFor()
      await dialog.getByText(/\/invitation#/).waitFor()
      await looksRight(visit, 'invited')
      await page.keyboard.press('Escape')
      await page.getByLabel('Find a user').fill(`hopper ${size}`)
      await page.getByText('1 account', { exact: true }).waitFor()
      await page.getByRole('link', { name: `Grace Hopper ${size}` }).click()
      await page.getByRole('heading', { name: `Grace Hopper ${size}` }).waitFor()
      await page.getByText('Nowhere.').waitFor()
      await page.getByLabel('Role', { exact: true }).selectOption('staff')
      await page.getByRole('checkbox', { name: 'patients:import' }).check()
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText(/^Saved/).waitFor()
      await looksRight(visit, 'user saved')
    })

    it('somebody is signed out everywhere, and may not sign in any more', async () => {
      const { page } = visit
      const leaving = await createColleague(house.administrator, 'nurse')
      await page.goto(`/users/${leaving.user_id}`)
      await page.getByRole('button', { name: 'Sign out everywhere' }).click()
      await page.getByText('Nowhere.').waitFor()
      await page.getByRole('switch', { name: 'May sign in' }).uncheck()
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('Deactivated').waitFor()
      expectStatus(401, await leaving.caller.ask('GET', '/api/v1/auth/me'))
    })

    it('what two have changed is shown side by side, and one chooses', async () => {
      const { page } = visit
      const { user_id } = await createColleague(house.administrator, 'nurse')
      await page.goto(`/users/${user_id}`)
      await page.getByLabel('First name').fill('Mine')
      const change = JSON.stringify({ first_name: 'Theirs' })
      const headers = { 'content-type': 'application/merge-patch+json' }
      const url = `/api/v1/users/${user_id}`
      expectStatus(200, await house.administrator.send({ method: 'PATCH', url, headers, body: change }))
      await page.getByRole('button', { name: 'Save' }).click()
      const conflict = page.getByRole('alert')
      await conflict.getByRole('row', { name: /First name Theirs Mine/ }).waitFor()
      await looksRight(visit, 'two changes')
      await conflict.getByRole('button', { name: 'Save mine' }).click()
      await page.getByRole('heading', { name: 'Mine Tested' }).waitFor()
    })

    it('a role is made of another, and what it may do is changed', async () => {
      const { page } = visit
      await page.goto('/roles')
      await page.getByRole('link', { name: 'auditor' }).waitFor()
      await looksRight(visit, 'roles')
      await page.getByRole('button', { name: 'New role' }).click()
      await page.getByLabel('Name').fill(`helper_${size}`)
      await page.getByLabel('Begin with what this role may do').selectOption('staff')
      await page.getByRole('button', { name: 'Make it' }).click()
      await page.getByRole('heading', { name: `helper_${size}` }).waitFor()
      await page.getByRole('checkbox', { name: 'patients:import, All' }).uncheck()
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText(/^Saved/).waitFor()
      await looksRight(visit, 'role saved')
      const saved = await house.administrator.ask('GET', `/api/v1/roles/helper_${size}`)
      const { permissions } = expectStatus(200, saved) as { permissions: string[] }
      assert.ok(permissions.includes('patients:find') && !permissions.includes('patients:import'))
    })

    it('a department is opened and renamed', async () => {
      const { page } = visit
      const name = `Oncology ${size}`
      await page.goto('/departments')
      await page.getByRole('button', { name: 'New department' }).click()
      await page.getByLabel('Name').fill(name)
      await page.getByLabel('Code').fill(size === 'desk' ? 'onc-1' : 'onc-2')
      await page.getByRole('button', { name: 'Add' }).click()
      await page.getByRole('button', { name: `Change ${name}` }).click()
      await page.getByLabel('Name').fill(`${name} and haematology`)
      await looksRight(visit, 'department')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByRole('button', { name: `Change ${name} and haematology` }).waitFor()
      await looksRight(visit, 'departments')
    })

    it('a bed is taken into use, and marked', async () => {
      const { page } = visit
      const code = size === 'desk' ? 'W9-1' : 'W9-2'
      await page.goto('/resources')
      await page.getByRole('button', { name: 'Take into use' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Name').fill(`Bed ${code}`)
      await dialog.getByLabel('Code').fill(code)
      await dialog.getByLabel('Ward').fill('Ward 9')
      await looksRight(visit, 'resource')
      await dialog.getByRole('button', { name: 'Add' }).click()
      await dialog.waitFor({ state: 'detached' })
      await page.getByLabel(`State of Bed ${code}`).selectOption('In maintenance')
      const row = page.getByRole('listitem').filter({ hasText: `Bed ${code}` })
      await row.locator('.mantine-Badge-label', { hasText: 'In maintenance' }).waitFor()
      await looksRight(visit, 'resources')
    })

    it('a figure opens into its definition and its rows', async () => {
      const { page } = visit
      await page.goto('/dashboard')
      await page.getByRole('heading', { name: 'At a glance' }).waitFor()
      await page.getByRole('heading', { name: 'This period and the one before' }).waitFor()
      await looksRight(visit, 'dashboard')
      await page.getByRole('button', { name: 'Beds in service now' }).click()
      await page.getByText('Maintenance, retirement').waitFor()
      await looksRight(visit, 'definition')
      await page.keyboard.press('Escape')
      // Each figure leads to rows that add up to it.
      const links = page.locator('main a[href*="/figures/rows"]')
      const figures = await links.evaluateAll((all) => all.map((a) => [a.getAttribute('href') ?? '', a.textContent]))
      assert.ok(figures.length >= 5, `only ${figures.length} figures lead to rows`)
      for (const [href = '', figure] of figures) {
        await page.goto(href)
        await page.getByText(new RegExp(`rows?, together ${figure}$`)).waitFor()
      }
      await looksRight(visit, 'rows of a figure of the dashboard')
      await page.goto(`/figures/appointments?from=${booked_on}&to=${booked_on}`)
      await page.getByRole('img', { name: /^Appointments, as a chart/ }).waitFor()
      await looksRight(visit, 'trends')
      await page.getByRole('link', { name: /^Booked: 1, Total/ }).click()
      await page.getByText('1 row, together 1', { exact: true }).waitFor()
      await looksRight(visit, 'rows of a figure')
      await page.goto(`/figures/doctors?from=${booked_on}&to=${booked_on}`)
      await page.getByRole('rowheader', { name: 'Robin Tested' }).first().waitFor()
      await looksRight(visit, 'utilization')
      await page.goto('/figures/resources?by=resource')
      await page.getByText(/As known/).waitFor()
      await looksRight(visit, 'use of resources')
    })

    it('a report is shown, fetched as a table, and made in the background', async () => {
      const { page } = visit
      await page.goto('/reports')
      await page.getByLabel('Report').selectOption('What was done, by role')
      await page.getByRole('button', { name: 'Show it here' }).click()
      await page.getByRole('cell', { name: 'user.create' }).first().waitFor()
      await looksRight(visit, 'report')
      const [table] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Download as CSV' }).click(),
      ])
      assert.equal(table.suggestedFilename(), 'audit.csv')
      assert.match(await readFile(await table.path(), 'utf8'), /user\.create/)
      await page.getByLabel('Outcome').selectOption('Refused')
      await page.getByLabel('Action').fill('no.such')
      await page.getByRole('button', { name: 'Show it here' }).click()
      await page.getByText('There is nothing in this period.').waitFor()
      await page.getByLabel('Report').selectOption('Visits')
      await page.getByLabel('Doctor').selectOption({ index: 1 })
      await page.getByLabel('Department').selectOption({ index: 1 })
      await page.getByRole('button', { name: 'Show it here' }).click()
      await page.getByRole('heading', { name: 'Visits', level: 2 }).waitFor()
      await looksRight(visit, 'report of a doctor and department')
      await page.getByLabel('Report').selectOption('Patients by age and gender')
      await page.getByLabel('Gender').selectOption('Female')
      await page.getByRole('button', { name: 'Show it here' }).click()
      await page.getByRole('cell', { name: 'FEMALE' }).first().waitFor()
      assert.equal(await page.getByRole('cell', { name: 'MALE', exact: true }).count(), 0)
      await page.getByRole('button', { name: 'Make it in the background' }).click()
      const list = page.getByRole('list', { name: 'Ordered reports' })
      await list.getByText('Ready').waitFor()
      const [made] = await Promise.all([
        page.waitForEvent('download'),
        list.getByRole('button', { name: 'Download' }).click(),
      ])
      assert.match(await readFile(await made.path(), 'utf8'), /age_band/)
      await looksRight(visit, 'ordered report')
    })

    it('a file is tried, and what is wrong in it is told by line; then it is imported', async () => {
      const { page } = visit
      const { first_name, last_name, date_of_birth, phone_primary } = nextPerson()
      const lines = [
        'first_name,last_name,date_of_birth,gender,phone_primary',
        `${first_name},${last_name},${date_of_birth},FEMALE,${phone_primary}`,
        `${first_name},${last_name},not a date,FEMALE,${phone_primary}`,
      ]
      await page.goto('/import')
      await page.getByRole('heading', { name: 'Import patients' }).waitFor()
      await looksRight(visit, 'import')
      const file = { name: 'patients.csv', mimeType: 'text/csv', buffer: Buffer.from(lines.join('\n')) }
      await page.locator('input[type="file"]').setInputFiles(file)
      await page.getByRole('button', { name: 'Try it: register nobody' }).click()
      await page.getByText('The dry run is done: nobody was registered.').waitFor()
      await page.getByRole('cell', { name: 'date_of_birth' }).waitFor()
      await looksRight(visit, 'dry run')
      await page.getByRole('button', { name: 'Import this file now' }).click()
      await page.getByText('The import is done.').waitFor()
      const latin = { ...file, buffer: Buffer.from(lines.join('\n').replace(first_name, 'Jos\u00e9'), 'latin1') }
      await page.locator('input[type="file"]').setInputFiles(latin)
      await page.getByRole('button', { name: 'Try it: register nobody' }).click()
      await page.getByText(/^This file is not UTF-8/).waitFor()
      await looksRight(visit, 'file of another encoding')
    })

    it('the outbox of events shows what was just done, who follows it, and nothing of another type', async () => {
      const { page } = visit
      await page.goto('/operation/events')
      const relays = page.getByRole('list', { name: 'Who follows them' })
      for (const name of ['Notices to patients', 'Waitlist', 'Webhooks']) {
        await relays.getByRole('listitem').filter({ hasText: name }).getByText('Keeps up').waitFor()
      }
      const events = page.getByRole('list', { name: 'What happened last' }).getByRole('listitem')
      await events
        .filter({ hasText: 'session.' })
        .or(events.filter({ hasText: 'user.created' }))
        .first()
        .waitFor()
      await looksRight(visit, 'events')
      await page.getByLabel('Type of event').fill('appointment.booked')
      await page.keyboard.press('Enter')
      await events.filter({ hasText: 'appointment.booked' }).first().waitFor()
      await events.filter({ hasNotText: 'appointment.booked' }).first().waitFor({ state: 'detached' })
      await page.getByLabel('Type of event').fill('resource.reserved')
      await page.getByRole('button', { name: 'Show' }).click()
      await page.getByText('No event of this type in thirty days.').waitFor()
      await looksRight(visit, 'no event of a type')
      await page.getByLabel('Type of event').fill('nonsense')
      await page.keyboard.press('Enter')
      await page.getByRole('alert').waitFor()
      await looksRight(visit, 'a type that is none')
    })

    it('what goes on behind is watched: jobs, mail, webhooks', async () => {
      const { page } = visit
      await page.goto('/operation/jobs')
      await page.getByText('Nothing has failed.').waitFor()
      await looksRight(visit, 'jobs')
      const mailed = { email: `mailed.${size}@example.org`, first_name: 'Mary', last_name: 'Mailed', role: 'nurse' }
      expectStatus(201, await house.administrator.ask('POST', '/api/v1/users', mailed))
      await page.goto('/operation/mail')
      await page.getByRole('button', { name: 'Read it' }).first().click()
      await page
        .getByText(/\/invitation#/)
        .first()
        .waitFor()
      await looksRight(visit, 'mail')
      await page.goto('/operation/webhooks')
      await page.getByRole('button', { name: 'Add a webhook' }).click()
      const dialog = page.getByRole('dialog')
      const url = `https://example.org/${size}`
      await dialog.getByLabel('Address').fill(url)
      await dialog.getByLabel('Types of events').fill('appointment.*, patient.merged')
      await dialog.getByRole('button', { name: 'Add a webhook' }).click()
      await dialog.getByRole('button', { name: 'I have kept it' }).click()
      await page.getByRole('link', { name: `Deliveries to ${url}` }).click()
      await page.getByText('Nothing was told yet.').waitFor()
      await looksRight(visit, 'deliveries')
      await page.goto('/operation/webhooks')
      await page.getByRole('button', { name: `Switch off: ${url}` }).click()
      await page.getByText('Switched off').first().waitFor()
      await looksRight(visit, 'webhooks')
      await page.getByRole('button', { name: `Remove ${url}` }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click()
      await page.getByRole('button', { name: `Remove ${url}` }).waitFor({ state: 'detached' })
    })
  })
}
