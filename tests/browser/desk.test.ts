// What the reception does beyond booking, in Chromium: the week, moving by drag, series, holds, the waitlist, beds, and what two people
// change at once. By mouse and by keyboard alone, at a desk and on a telephone.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { expectStatus, freeStarts, nextPerson } from '../hospital.ts'
import {
  assertAccessible,
  assertFits,
  bookedPatient,
  enter,
  type House,
  openHouse,
  type Size,
  skip,
  tabTo,
  type Visit,
} from './browser.ts'

type Made = { id: string; version: number }

let house: House
before(async () => {
  if (!skip) house = await openHouse()
})
after(() => house?.close())

async function looksRight({ page }: Visit, state: string) {
  await assertAccessible(page, state)
  await assertFits(page, state)
}
const make = async (url: string, body: unknown) =>
  expectStatus(201, await house.administrator.ask('POST', url, body)) as Made
const dayOf = (instant: string) => instant.slice(0, 10)
async function bookingPage({ page }: Visit) {
  const person = nextPerson()
  const { id } = await make('/api/v1/patients', person)
  await page.goto(`/patients/${id}/book`)
  await page.locator('button[aria-pressed]').nth(4).waitFor()
  return { id, name: `${person.first_name} ${person.last_name}` }
}

for (const size of ['desk', 'telephone'] as const satisfies Size[]) {
  describe(`at the ${size}`, { skip }, () => {
    let visit: Visit
    before(async () => {
      visit = await house.visit(size, { scheme: size === 'desk' ? 'light' : 'dark' })
      await enter(house, visit, 'staff')
    })
    after(() => visit?.close())

    it('the week shows every day of every doctor, and opens what stands in it', async () => {
      const { page } = visit
      const { appointment_time, id } = await bookedPatient(house.administrator)
      await page.goto(`/calendar?date=${dayOf(appointment_time)}`)
      await page.getByRole('radiogroup', { name: 'View' }).getByText('Week').click()
      const shown =
        size === 'desk' ? page.locator(`[data-appointment="${id}"]`) : page.getByRole('main').getByRole('listitem')
      await shown.first().waitFor()
      assert.match(page.url(), /view=week/)
      await looksRight(visit, 'week')
      await shown.first().getByRole('button').or(shown.first()).first().click()
      await page.getByRole('dialog', { name: 'Appointment' }).waitFor()
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: 'Next week' }).click()
      await page.getByRole('button', { name: 'Previous week' }).click()
      await shown.first().waitFor()
    })

    it('a time is held while the form is filled, and given back when it is left', async () => {
      const { page } = visit
      await bookingPage(visit)
      const made = page.waitForResponse((answer) => answer.url().endsWith('/slots/holds') && answer.status() === 201)
      await page.locator('button[aria-pressed]').nth(4).click()
      const { id, doctor_id, appointment_time } = (await (await made).json()) as {
        id: string
        doctor_id: string
        appointment_time: string
      }
      await page.getByText(/^Held for you until/).waitFor()
      await looksRight(visit, 'a time is held')
      const other = await make('/api/v1/patients', nextPerson())
      const body = { doctor_id, appointment_time, patient_id: other.id }
      assert.equal((await house.administrator.ask('POST', '/api/v1/appointments', body)).status, 409)
      const given = page.waitForResponse((answer) => answer.url().endsWith(`/slots/holds/${id}`))
      await page.getByRole('link', { name: 'Put on the waitlist' }).click()
      assert.equal((await given).status(), 204)
    })

    it('a series is shown with what stands in its way, and booked without it', async () => {
      const { page } = visit
      await bookingPage(visit)
      await page.locator('button[aria-pressed]').nth(4).click()
      await page.getByText(/^Held for you until/).waitFor()
      await page.getByRole('combobox', { name: 'Repeats' }).click()
      await page.getByRole('option', { name: 'Every week' }).click()
      const occurrences = page.getByRole('list', { name: 'Appointments of the series' }).getByRole('listitem')
      await occurrences.nth(5).waitFor()
      await looksRight(visit, 'a series is planned')
      await page.getByRole('button', { name: 'Book 6 appointments' }).click()
      await page.getByRole('heading', { name: 'Booked' }).waitFor()
      assert.equal(await occurrences.count(), 6)
      await looksRight(visit, 'a series is booked')
      await page.getByRole('link', { name: 'To the patient' }).click()
      await page
        .getByRole('button', { name: /Booked/ })
        .nth(2)
        .click()
      const panel = page.getByRole('dialog', { name: 'Appointment' })
      await panel.getByText('Part of a series: number 3 of 6').waitFor()
      await panel.getByRole('link', { name: 'Move' }).click()
      await page.locator('button[aria-pressed]').nth(7).click()
      await page.getByRole('radio', { name: 'This and the following: 4' }).check()
      await looksRight(visit, 'moving what follows')
      await page.getByRole('button', { name: 'Move to this time' }).click()
      await page.getByRole('heading', { name: 'Moved' }).waitFor()
      await page.getByRole('link', { name: 'To the patient' }).click()
      await page
        .getByRole('button', { name: /Booked/ })
        .nth(2)
        .click()
      await panel.getByRole('button', { name: 'Cancel the appointment' }).click()
      await panel.getByRole('radio', { name: 'All that lie ahead: 6' }).waitFor()
      // Which one is the third in time depends on where the four went.
      await panel.getByRole('radio', { name: /^This and the following: [2-5]$/ }).check()
      await looksRight(visit, 'cancelling what follows')
      await panel.getByRole('button', { name: 'Cancel the appointment' }).click()
      await panel.getByText('Cancelled', { exact: true }).waitFor()
    })

    it('somebody is put on the waitlist, and what they are offered is answered for them', async () => {
      const { page } = visit
      const [doctor] = (
        JSON.parse((await house.administrator.ask('GET', '/api/v1/doctors?q=dermatology')).text) as {
          items: { id: string; first_name: string; last_name: string }[]
        }
      ).items
      const start = String((await freeStarts(house.administrator, doctor?.id ?? ''))[size === 'desk' ? 50 : 54])
      const taken = await make('/api/v1/appointments', {
        doctor_id: doctor?.id,
        patient_id: (await make('/api/v1/patients', nextPerson())).id,
        appointment_time: start,
      })
      const { name } = await bookingPage(visit)
      await page.getByRole('link', { name: 'Put on the waitlist' }).click()
      await page.getByText(`for ${name}`).waitFor()
      await page.getByRole('combobox', { name: 'Or any of a specialization' }).click()
      await page.getByRole('option', { name: 'Dermatology' }).click()
      await page.getByLabel('From', { exact: true }).fill(dayOf(start))
      await page.getByLabel('Until', { exact: true }).fill(dayOf(start))
      await looksRight(visit, 'putting on the waitlist')
      await page.getByRole('button', { name: 'Wait', exact: true }).click()
      const entry = page.getByRole('article').filter({ hasText: name })
      await entry.getByText('Waiting', { exact: true }).waitFor()
      assert.equal((await house.administrator.ask('DELETE', `/api/v1/appointments/${taken.id}`)).status, 200)
      await entry.getByText('No e-mail reached the patient: call them.').waitFor()
      await looksRight(visit, 'offered at the desk')
      await entry.getByRole('button', { name: 'Take this time' }).click()
      await entry.waitFor({ state: 'detached' })
    })

    it('a bed is given, moved from, released and cleaned, as others see at once', async () => {
      const { page } = visit
      const ward = `Ward of the ${size}`
      const code = (number: number) => `${size.toUpperCase()}-${number}`
      for (const number of [1, 2])
        await make('/api/v1/resources', { type: 'bed', name: `Bed ${number}`, code: code(number), ward })
      const person = nextPerson()
      const { id } = await make('/api/v1/patients', person)
      const bed = (number: number) => page.locator(`[data-bed="${code(number)}"]`)
      const panel = page.getByRole('dialog')
      await page.goto('/beds')
      await page.getByText('2 of 2 free').last().waitFor()
      await looksRight(visit, 'beds')
      await bed(1).click()
      await panel.getByLabel('Who gets it?').fill(`${person.first_name} ${person.last_name}`)
      await panel.getByRole('button', { name: /^Give the bed to/ }).click()
      await panel.getByText('Occupied').waitFor()
      await looksRight(visit, 'a bed is given')
      await panel.getByRole('button', { name: 'Move to another bed' }).click()
      await panel.getByRole('combobox', { name: 'To which bed?' }).click()
      await page.getByRole('option', { name: new RegExp(code(2)) }).click()
      await panel.getByText('To be cleaned').first().waitFor()
      await panel.getByRole('button', { name: 'It is clean' }).click()
      await panel.getByText('Free', { exact: true }).waitFor()
      await page.keyboard.press('Escape')
      await bed(2).getByText(`${person.first_name} ${person.last_name}`).waitFor()
      await bed(2).click()
      await panel.getByRole('button', { name: 'Release the bed' }).click()
      await panel.getByRole('button', { name: 'Yes, release it' }).click()
      await panel.getByRole('button', { name: 'It is clean' }).waitFor()
      await page.keyboard.press('Escape')
      await panel.waitFor({ state: 'detached' })

      await page.goto(`/patients/${id}`)
      await page.getByRole('link', { name: 'Give a bed' }).click()
      await bed(1).click()
      await panel.getByRole('button', { name: `Give it to ${person.first_name} ${person.last_name}` }).waitFor()
      // Somebody else is quicker.
      await make(`/api/v1/resources/${await idOf(code(1))}/assign`, { patient_id: id })
      await panel.getByText('Occupied').waitFor()
    })
  })
}

async function idOf(code: string): Promise<string | undefined> {
  const { text } = await house.administrator.ask('GET', '/api/v1/resources?limit=100')
  return (JSON.parse(text) as { items: { id: string; code: string }[] }).items.find((one) => one.code === code)?.id
}

describe('in the calendar', { skip }, () => {
  let visit: Visit
  before(async () => {
    visit = await house.visit('desk')
    await enter(house, visit, 'staff')
  })
  after(() => visit?.close())

  it('an appointment is dragged to another time, and back where that was a slip', async () => {
    const { page } = visit
    const { appointment_time, id } = await bookedPatient(house.administrator)
    await page.goto(`/calendar?date=${dayOf(appointment_time)}`)
    const block = page.locator(`[data-appointment="${id}"]`)
    await drag(visit, block, 66)
    const dialog = page.getByRole('dialog', { name: 'Move this appointment?' })
    await dialog.waitFor()
    await looksRight(visit, 'moving by drag')
    await dialog.getByRole('button', { name: 'Leave it' }).click()
    await dialog.waitFor({ state: 'detached' })
    await drag(visit, block, 66)
    await dialog.getByRole('button', { name: 'Move', exact: true }).click()
    await page.getByRole('button', { name: 'Move it back' }).waitFor()
    const at = async () => {
      const read = await house.administrator.ask('GET', `/api/v1/appointments/${id}`)
      return Date.parse((JSON.parse(read.text) as { appointment_time: string }).appointment_time)
    }
    assert.equal((await at()) - Date.parse(appointment_time), 30 * 60_000)
    await looksRight(visit, 'moved by drag')
    await page.getByRole('button', { name: 'Move it back' }).click()
    await dialog.getByRole('button', { name: 'Move', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    assert.equal(await at(), Date.parse(appointment_time))
  })

  it('what two people change at once is shown as both have it, and the one who comes second decides', async () => {
    const { page } = visit
    const { appointment_time, id } = await bookedPatient(house.administrator)
    await page.goto(`/calendar?date=${dayOf(appointment_time)}`)
    await page.locator(`[data-appointment="${id}"]`).click()
    const panel = page.getByRole('dialog', { name: 'Appointment' })
    await panel.getByRole('button', { name: 'Did not come' }).waitFor()
    // What the other one does is not heard of before one's own change is sent.
    await page.route('**/api/v1/appointments?**', (route) => route.abort())
    const headers = { 'content-type': 'application/merge-patch+json' }
    const noted = await house.administrator.ask(
      'PATCH',
      `/api/v1/appointments/${id}`,
      { notes: 'Brings X-rays' },
      headers,
    )
    assert.equal(noted.status, 200, noted.text)
    const refused = page.waitForResponse((answer) => answer.status() === 412)
    await panel.getByRole('button', { name: 'Cancel the appointment' }).click()
    await panel.getByRole('button', { name: 'Cancel the appointment' }).click()
    await refused
    await page.unroute('**/api/v1/appointments?**')
    const marked = await house.administrator.ask('PATCH', `/api/v1/appointments/${id}`, { reason: 'Check' }, headers)
    assert.equal(marked.status, 200, marked.text)
    await panel.getByText('How it stands now', { exact: true }).waitFor()
    await panel.getByRole('region', { name: 'How it stands now' }).getByText('Brings X-rays').waitFor()
    await looksRight(visit, 'both versions')
    await panel.getByRole('button', { name: 'Do it to what stands now' }).click()
    await page.locator(`[data-appointment="${id}"]`).waitFor({ state: 'detached' })
  })

  it('the week and the beds are gone through by the keyboard alone', async () => {
    const { page } = visit
    const { appointment_time } = await bookedPatient(house.administrator)
    await bookedPatient(house.administrator)
    await page.goto(`/calendar?date=${dayOf(appointment_time)}&view=week`)
    await page.locator('[data-appointment]').nth(1).waitFor()
    await tabTo(visit, '[data-appointment]')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'Appointment' }).waitFor()
    await page.keyboard.press('Escape')
    await make('/api/v1/resources', { type: 'bed', name: 'Bed of the keyboard', code: 'KEY-1', ward: 'Keys' })
    const { id } = await make('/api/v1/patients', nextPerson())
    await page.goto(`/beds?patient_id=${id}`)
    await page.locator('[data-bed="KEY-1"]').waitFor()
    await tabTo(visit, '[data-bed="KEY-1"]')
    await page.keyboard.press('Enter')
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Give it to/ })
      .waitFor()
    await tabTo(visit, 'section button.wrap')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').getByText('Occupied').waitFor()
  })
})

/** With the mouse, downwards by so many pixels. */
async function drag({ page }: Visit, block: ReturnType<Visit['page']['locator']>, pixels: number) {
  await block.scrollIntoViewIfNeeded()
  const box = await block.boundingBox()
  assert.ok(box)
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
  await page.mouse.move(x, y)
  await page.mouse.down()
  await page.mouse.move(x, y + pixels / 2, { steps: 4 })
  await page.mouse.move(x, y + pixels, { steps: 4 })
  await page.mouse.up()
}
