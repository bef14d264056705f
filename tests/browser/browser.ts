// Debian's Chromium, a console to look at in it, and what must hold on every page: no script error, no breach of the policy, and
// nothing that axe finds against WCAG 2.2 AA.
import axe from 'axe-core'
import assert from 'node:assert/strict'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { ensureConsole } from '../../bin/console.mjs'
import { type Caller, signIn } from '../caller.ts'
import { root } from '../documentation/blocks.ts'
import { createColleague, createDepartment, createDoctor, freeStarts, nextPerson } from '../hospital.ts'
import { runOpenward, type ServerProcess, startServer, stopServer, temporaryDirectory } from '../processes.ts'
import { accountOf, openBrowser } from './chromium.ts'

export { accountOf, skip } from './chromium.ts'

/** A desk, and a telephone. */
export const sizes = {
  desk: { width: 1280, height: 900 },
  telephone: { width: 390, height: 844 },
} as const
export type Size = keyof typeof sizes

const limitMs = 20_000
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** The head of a dialog is no banner of the page, although it is a `header`: a dialog is no section to axe. */
const rules = { 'landmark-no-duplicate-banner': { enabled: false }, 'landmark-unique': { enabled: false } }

export type Visit = {
  page: Page
  context: BrowserContext
  /** What is wrong, as pages tell it by themselves. */
  faults: string[]
  /** Clicks, keys and fields filled so far by `click`, `fill` and `press`. */
  interactions: () => number
  click: (role: Parameters<Page['getByRole']>[0], name: string | RegExp) => Promise<void>
  fill: (label: string | RegExp, text: string) => Promise<void>
  press: (key: string) => Promise<void>
  close: () => Promise<void>
}

export type House = {
  url: string
  server: ServerProcess
  administrator: Caller
  department_id: string
  visit: (size: Size, options?: { scheme?: 'light' | 'dark'; locale?: string }) => Promise<Visit>
  close: () => Promise<void>
}

/** A hospital with a few doctors, or the demonstration, and a browser to visit it with. */
export async function openHouse(environment: Record<string, string> = {}, isDemonstration = false): Promise<House> {
  ensureConsole(root, process.execPath)
  const directory = temporaryDirectory()
  const server = await startServer({ data_directory: directory.path, environment })
  const administrator = await signIn(server.port)
  if (isDemonstration) {
    const filled = await runOpenward({ data_directory: directory.path, environment }, 'demo')
    if (filled.code !== 0) throw new Error(filled.output)
  }
  const browser = await openBrowser()
  const department_id = await createDepartment(administrator, isDemonstration ? 'Emergency' : undefined)
  for (const specialization of isDemonstration ? [] : ['Cardiology', 'Dermatology', 'General medicine']) {
    await createDoctor(administrator, { specialization, department_id })
  }
  const url = `http://localhost:${server.port}`
  return {
    url,
    server,
    administrator,
    department_id,
    visit: (size, options = {}) => visit(browser, url, size, options),
    async close() {
      await browser.close()
      await stopServer(server)
      await directory.remove()
    },
  }
}

async function visit(
  browser: Browser,
  baseURL: string,
  size: Size,
  { scheme = 'light', locale = 'en-US' }: { scheme?: 'light' | 'dark'; locale?: string },
): Promise<Visit> {
  const context = await browser.newContext({
    baseURL,
    viewport: sizes[size],
    hasTouch: size === 'telephone',
    colorScheme: scheme,
    locale,
    reducedMotion: 'reduce',
  })
  context.setDefaultTimeout(limitMs)
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(`script error: ${error.message}`))
  page.on('console', (message) => {
    // That an answer was a refusal, Chromium tells as an error; what the page made of it is looked at by the tests.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) faults.push(message.text())
  })
  let count = 0
  return {
    page,
    context,
    faults,
    interactions: () => count,
    async click(role, name) {
      count += 1
      await page
        .getByRole(role, { name, exact: typeof name === 'string' })
        .first()
        .click()
    },
    async fill(label, text) {
      count += 1
      await page.getByLabel(label, { exact: typeof label === 'string' }).fill(text)
    },
    async press(key) {
      count += 1
      await page.keyboard.press(key)
    },
    async close() {
      assert.deepEqual(faults, [])
      await context.close()
    },
  }
}

/** Someone of this role, signed in through the page. */
export async function enter(house: House, { page }: Visit, role: string) {
  const colleague = await createColleague(house.administrator, role, house.department_id)
  await page.goto('/')
  await submitSignIn(page, colleague)
  await accountOf(page).waitFor()
  return colleague
}

export async function submitSignIn(page: Page, { email, password }: { email: string; password: string }) {
  await page.getByLabel('Email or user name').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** A patient with an appointment, made by the API. */
export async function bookedPatient(
  administrator: Caller,
  person: Partial<ReturnType<typeof nextPerson>> = {},
): Promise<{ id: string; patient_id: string; appointment_time: string }> {
  const registered = await administrator.ask('POST', '/api/v1/patients', { ...nextPerson(), ...person, force: true })
  const { id: patient_id } = JSON.parse(registered.text) as { id: string }
  const doctors = JSON.parse((await administrator.ask('GET', '/api/v1/doctors')).text) as { items: { id: string }[] }
  const doctor_id = String(doctors.items[0]?.id)
  const [appointment_time] = await freeStarts(administrator, doctor_id)
  const booked = await administrator.ask('POST', '/api/v1/appointments', { patient_id, doctor_id, appointment_time })
  assert.equal(booked.status, 201, booked.text)
  return { patient_id, appointment_time: String(appointment_time), ...(JSON.parse(booked.text) as { id: string }) }
}

type Violation = { id: string; nodes: { html: string; failureSummary?: string }[] }

/** Asserts that axe finds nothing on the page as it stands. */
export async function assertAccessible(page: Page, state: string): Promise<void> {
  // Words that fade in have less contrast for a moment. What changes with the colours of the page begins a frame later.
  await page.evaluate(async () => {
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
    await Promise.allSettled(
      document
        .getAnimations()
        // What says that one has to wait never ends by itself.
        .filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity)
        .map((animation) => animation.finished),
    )
  })
  // By the debugging protocol, which the policy of the page does not bind.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source)
  const violations = (await page.evaluate(
    `axe.run(document, { runOnly: ${JSON.stringify(tags)}, rules: ${JSON.stringify(rules)}, resultTypes: ['violations'] }).then(({ violations }) => violations)`,
  )) as Violation[]
  const told = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${state}: ${id}: ${html.slice(0, 200)} ${failureSummary ?? ''}`),
  )
  assert.deepEqual(told, [])
}

/** Asserts that nothing sticks out to the side. */
export async function assertFits(page: Page, state: string): Promise<void> {
  const [scroll, client] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ])
  assert.ok((scroll ?? 0) <= (client ?? 0), `${state}: ${scroll} pixels wide in ${client}`)
  // What stands fixed widens nothing: it is cut off.
  const cut = await page.evaluate(() =>
    Array.from(document.querySelectorAll('header :is(a, button, input)'))
      .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth)
      .map((element) => element.textContent),
  )
  assert.deepEqual(cut, [], `${state}: cut off in the head of the page`)
}

/** Goes on with Tab, as a person would, until what fits has the focus. @throws after a hundred */
export async function tabTo({ page }: Visit, selector: string) {
  for (let tabs = 0; tabs < 100; tabs += 1) {
    await page.keyboard.press('Tab')
    if (await page.evaluate((fits) => document.activeElement?.matches(fits) ?? false, selector)) return
  }
  throw new Error(`no Tab leads to ${selector}`)
}
