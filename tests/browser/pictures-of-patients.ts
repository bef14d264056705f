// The pictures of what patients see in docs/images, and of the week and the beds at the reception, taken of the demo hospital:
// `node_modules/node/bin/node tests/browser/pictures-of-patients.ts`.
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { ensureConsole } from '../../bin/console.mjs'
import { signIn } from '../caller.ts'
import { root } from '../documentation/blocks.ts'
import { createColleague, createDoctor, freeStarts, registerAlone } from '../hospital.ts'
import { runOpenward, startServer, stopServer, temporaryDirectory } from '../processes.ts'
import { submitSignIn } from './browser.ts'

const size = { width: 1240, height: 760 }

ensureConsole(root, process.execPath)
const directory = temporaryDirectory()
const server = await startServer({ data_directory: directory.path })
const filled = await runOpenward({ data_directory: directory.path }, 'demo')
if (filled.code !== 0) throw new Error(filled.output)
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
try {
  const administrator = await signIn(server.port)
  const doctor = await createDoctor(administrator, { specialization: 'Neurology' })
  const { email, password, caller } = await registerAlone(server.port)
  const starts = await freeStarts(caller, doctor.doctor_id)
  for (const [at, reason] of [
    [10, 'Headaches'],
    [200, 'Follow-up'],
  ] as const) {
    const body = { doctor_id: doctor.doctor_id, appointment_time: starts[at], reason }
    await caller.ask('POST', '/api/v1/appointments', body)
  }
  const own = await open()
  await own.goto(`/doctors/${doctor.doctor_id}`)
  await take(own, 'doctor')
  await own.goto('/')
  await submitSignIn(own, { email, password })
  await own.getByRole('main').getByRole('article').first().waitFor()
  await take(own, 'own-appointments')
  await own.goto('/my-record/access')
  await take(own, 'who-saw-it')

  const desk = await open()
  await desk.goto('/')
  await submitSignIn(desk, await createColleague(administrator, 'staff'))
  await desk.getByLabel(/^Find a patient/).waitFor()
  await desk.goto(`/calendar?date=${nextMonday()}&view=week`)
  await desk.locator('[data-appointment]').first().waitFor()
  await take(desk, 'week')
  await desk.goto('/beds')
  await desk.locator('[data-bed]').first().waitFor()
  await take(desk, 'beds')
} finally {
  await browser.close()
  await stopServer(server)
  await directory.remove()
}

async function open(): Promise<Page> {
  const context = await browser.newContext({
    baseURL: `http://localhost:${server.port}`,
    viewport: size,
    locale: 'en-US',
    reducedMotion: 'reduce',
  })
  return context.newPage()
}

async function take(page: Page, name: string) {
  await page.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'detached' })
  // Names come a moment after the times, and nothing tells when the last is there.
  await page.waitForTimeout(2000)
  await page.screenshot({ path: join(root, 'docs/images', `console-${name}.png`) })
}

function nextMonday(): string {
  const today = Temporal.Now.plainDateISO('UTC')
  return today.add({ days: 8 - today.dayOfWeek }).toString()
}
