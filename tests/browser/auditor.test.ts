// The day of an auditor in Chromium: the log is searched, proved, and what stands out in it is signed off.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createColleague, expectStatus, nextPerson } from '../hospital.ts'
import { assertAccessible, assertFits, enter, type House, openHouse, type Size, skip, type Visit } from './browser.ts'

let house: House
before(async () => {
  if (!skip) house = await openHouse()
})
after(() => house?.close())

async function looksRight({ page }: Visit, state: string) {
  await assertAccessible(page, state)
  await assertFits(page, state)
}

/** A record out of their reach that a nurse has opened by emergency access. */
async function openedInEmergency() {
  const { administrator } = house
  const registered = await administrator.ask('POST', '/api/v1/patients', nextPerson())
  const patient = expectStatus(201, registered) as { id: string; patient_number: string }
  const nurse = await createColleague(administrator, 'nurse')
  const reason = 'Unconscious, allergies needed'
  const address = `/api/v1/patients/${patient.id}`
  expectStatus(201, await nurse.caller.ask('POST', `${address}/emergency-access`, { reason }))
  expectStatus(200, await nurse.caller.ask('GET', address))
  return { patient, nurse, reason }
}

for (const size of ['desk', 'telephone'] as const satisfies Size[]) {
  describe(`at the ${size}`, { skip }, () => {
    let visit: Visit
    before(async () => {
      visit = await house.visit(size, { scheme: size === 'desk' ? 'light' : 'dark' })
      await enter(house, visit, 'auditor')
    })
    after(() => visit?.close())

    it('begins at the log, which is narrowed to a record by its number, and to one request', async () => {
      const { page } = visit
      const { patient } = await openedInEmergency()
      await page.getByRole('heading', { name: 'Audit log' }).waitFor()
      await looksRight(visit, 'audit log')
      await page.getByLabel('Person or record').fill(patient.patient_number)
      await page.getByRole('button', { name: patient.patient_number, exact: true }).click()
      await page.getByRole('button', { name: `Drop: about ${patient.patient_number}` }).waitFor()
      assert.match(page.url(), new RegExp(`patient_id=${patient.id}`))
      assert.ok(!page.url().includes(patient.patient_number))
      const entries = page.getByRole('list', { name: 'Audit log' }).getByRole('listitem')
      const read = entries.filter({ hasText: 'patient.read' })
      await read.first().waitFor()
      // Who it was, in words, and that it was by emergency access.
      await read.filter({ hasText: 'Robin Tested' }).filter({ hasText: 'Emergency access' }).first().waitFor()
      await read.first().getByRole('button', { name: 'More about it' }).click()
      await looksRight(visit, 'an entry opened')
      await read.first().getByRole('button', { name: 'All of this request' }).click()
      await page.getByText('1 entry', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Everything again' }).click()
      await page.getByText(/^\d+ entries$/).waitFor()
    })

    it('the log is narrowed by operation and outcome, and says when nothing fits', async () => {
      const { page } = visit
      await page.goto('/audit')
      await page.getByLabel('Operation').fill('user.create')
      await page.getByLabel('Operation').press('Enter')
      const entries = page.getByRole('list', { name: 'Audit log' }).getByRole('listitem')
      await entries.filter({ hasText: 'user.create' }).first().waitFor()
      assert.equal(await entries.filter({ hasNotText: 'user.create' }).count(), 0)
      await page.getByLabel('Outcome').selectOption('Failed')
      await page.getByRole('button', { name: 'Search' }).click()
      await page.getByText('No entry fits.').waitFor()
      await looksRight(visit, 'nothing fits')
    })

    it('the log is proved whole', async () => {
      const { page } = visit
      await page.goto('/audit/proof')
      await page.getByRole('button', { name: 'Verify the log' }).click()
      await page.getByText(/^The log is whole/).waitFor()
      await looksRight(visit, 'proof')
    })

    it('what stands out is looked through, and an empty list says so', async () => {
      const { page } = visit
      await page.goto('/activity-findings')
      await page.getByText('Nothing waits for a review.').waitFor()
      await looksRight(visit, 'no findings')
    })

    it('a page of others says that it is not for auditors', async () => {
      const { page } = visit
      await page.goto('/emergency-accesses')
      await page.getByRole('heading', { name: 'This page is not for your role' }).waitFor()
      await looksRight(visit, 'not allowed')
    })
  })
}

describe('a review of emergency accesses', { skip }, () => {
  it('is done from the address of the mail, by the keyboard alone, once', async () => {
    const { patient, reason } = await openedInEmergency()
    const visit = await house.visit('desk')
    const { page } = visit
    await enter(house, visit, 'admin')
    await page.goto('/emergency-accesses')
    const row = page.getByRole('listitem').filter({ hasText: patient.patient_number })
    await row.getByText(reason).waitFor()
    await looksRight(visit, 'emergency accesses')
    await row.getByRole('button', { name: /^Review/ }).focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Review' })
    await dialog.getByText(reason).waitFor()
    await looksRight(visit, 'review')
    await dialog.getByRole('radio', { name: 'Justified', exact: true }).focus()
    await page.keyboard.press('Space')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'detached' })
    await row.waitFor({ state: 'detached' })
    await page.getByRole('radio', { name: 'All' }).focus()
    await page.keyboard.press('Space')
    await row.getByText('Justified', { exact: true }).waitFor()
    await looksRight(visit, 'reviewed')
    await visit.close()
  })
})

for (const size of ['desk', 'telephone'] as const satisfies Size[]) {
  describe(`an administrator who looks after access, at the ${size}`, { skip }, () => {
    let visit: Visit
    before(async () => {
      visit = await house.visit(size, { scheme: size === 'desk' ? 'dark' : 'light' })
      await enter(house, visit, 'admin')
    })
    after(() => visit?.close())

    it('reviews what somebody may do: it goes from the list, and stands among all with the verdict', async () => {
      const { page } = visit
      const invited = {
        email: `rev.${size}@example.org`,
        first_name: 'Rhea',
        last_name: `Viewed ${size}`,
        role: 'nurse',
      }
      expectStatus(201, await house.administrator.ask('POST', '/api/v1/users', invited))
      await page.goto('/access-review')
      const row = page.getByRole('listitem').filter({ hasText: `Rhea Viewed ${size}` })
      await row.getByText('Never reviewed').waitFor()
      await row.getByRole('button', { name: /permissions of Rhea/ }).click()
      await row.getByText('patients:find', { exact: true }).waitFor()
      await looksRight(visit, 'access review')
      await row.getByRole('button', { name: /^It has to change: Rhea/ }).focus()
      await page.keyboard.press('Enter')
      await row.getByText(/Reviewed .* by you: It has to change/i).waitFor()
      await row.getByRole('button', { name: /^It stays as it is: Rhea/ }).focus()
      await page.keyboard.press('Enter')
      await row.waitFor({ state: 'detached' })
      await page.getByText('All', { exact: true }).click()
      await row
        .getByText(/It stays as it is$/)
        .first()
        .waitFor()
      await page.getByText('Somebody else reviews what is about you.').waitFor()
      await looksRight(visit, 'all accounts reviewed')
    })

    it('sees which rule lets somebody into a record', async () => {
      const { page } = visit
      const { patient } = await openedInEmergency()
      const email = `why.${size}@example.org`
      const nurse = { email, first_name: 'Wanda', last_name: `Why ${size}`, role: 'nurse' }
      expectStatus(201, await house.administrator.ask('POST', '/api/v1/users', nurse))
      await page.goto('/access-review/why')
      await page.getByRole('heading', { name: 'Why may they?' }).waitFor()
      await looksRight(visit, 'nobody chosen')
      await page.getByLabel('Person or record').fill(`wanda why ${size}`)
      await page.getByRole('button', { name: `Wanda Why ${size}` }).click()
      await page.getByLabel('Person or record').fill(patient.patient_number)
      await page.getByRole('button', { name: patient.patient_number, exact: true }).click()
      await page.getByText(`Wanda Why ${size} may not: patients:read, record ${patient.patient_number}.`).waitFor()
      await page.getByRole('row', { name: /A patient of their department They belong to no department/ }).waitFor()
      await looksRight(visit, 'explained')
      await page.getByLabel('May they').fill('patients:find')
      await page.keyboard.press('Enter')
      await page.getByText(`Wanda Why ${size} may: patients:find, record ${patient.patient_number}.`).waitFor()
    })

    it('has a record watched, and no longer', async () => {
      const { page } = visit
      const { patient } = await openedInEmergency()
      const { patient_number } = patient
      await page.goto('/watched-records')
      await page.getByText('No record is watched.').waitFor()
      await looksRight(visit, 'nothing watched')
      await page.getByLabel('Record to watch').fill('PT-20200101-0000')
      await page.getByText('No record has this number.').waitFor()
      await page.getByLabel('Record to watch').fill(patient_number)
      await page.getByRole('button', { name: `Watch ${patient_number}`, exact: true }).click()
      await page.getByText(`${patient_number} is watched now.`).waitFor()
      const watched = await house.administrator.ask('GET', '/api/v1/watched-records')
      assert.equal((expectStatus(200, watched) as { total: number }).total, 1)
      await looksRight(visit, 'a watched record')
      await page.getByRole('button', { name: `Watch no longer: ${patient_number}` }).click()
      const dialog = page.getByRole('dialog')
      await looksRight(visit, 'ending a watch')
      await dialog.getByRole('button', { name: 'Watch no longer' }).click()
      await page.getByText('No record is watched.').waitFor()
    })
  })
}
