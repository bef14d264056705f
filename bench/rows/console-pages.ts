// Rows about the console in a browser: how long each page takes until all of it is there, and what the first load weighs.
import type { Browser, Page } from 'playwright-core'
import { enterAs, openBrowser, skip } from '../../tests/browser/chromium.ts'
import { everyPage, followed, type PageName, pageNames, placeOf } from '../../tests/browser/every-page.ts'
import { arrive, hire, type Ids, live, people, type Staff, usualNames } from '../../tests/browser/lives.ts'
import { signIn } from '../../tests/caller.ts'
import { createDepartment } from '../../tests/hospital.ts'
import { AbsentError } from '../absent.ts'
import type { Measured, Row } from '../row.ts'
import type { World } from '../world.ts'

const loads = 5
const told = 8
const answer_limit_ms = 30_000

/** When something was last drawn, in milliseconds since the page was gone to. */
const watchDrawing = `
  globalThis.drawn_ms = 0
  new MutationObserver(() => void (globalThis.drawn_ms = performance.now()))
    .observe(document, { subtree: true, childList: true, characterData: true, attributes: true })`

type Opened = { page: Page; settled: () => Promise<void> }

async function open(browser: Browser, port: number): Promise<Opened> {
  if (skip) throw new AbsentError(skip)
  // By this name the browser keeps the cookie of the session without TLS.
  const context = await browser.newContext({
    baseURL: `http://localhost:${port}`,
    viewport: { width: 1280, height: 900 },
  })
  context.setDefaultTimeout(answer_limit_ms)
  const page = await context.newPage()
  await page.addInitScript(watchDrawing)
  return { page, settled: followed(page).settled }
}

/** The page is loaded whole, as after typing its address; the files of the console are kept by the browser. */
async function measurePage({ page, settled }: Opened, name: PageName, ids: Ids): Promise<number> {
  await page.goto(placeOf(name, ids))
  await settled()
  await page.getByText(everyPage[name].shows).first().waitFor()
  return page.evaluate<number>('drawn_ms')
}

type Timed = { name: PageName; median: number; worst: number }

async function measureAll(browser: Browser, port: number, staff: Staff, ids: Ids): Promise<Measured> {
  const timed: Timed[] = []
  const failed: string[] = []
  for (const person of people) {
    const opened = await open(browser, port)
    if (person !== 'nobody') await enterAs(opened.page, staff[person])
    for (const name of pageNames.filter((one) => everyPage[one].who === person)) {
      const times: number[] = []
      try {
        await measurePage(opened, name, ids)
        for (let load = 0; load < loads; load++) times.push(await measurePage(opened, name, ids))
        times.sort((left, right) => left - right)
        timed.push({ name, median: times[Math.floor(loads / 2)] ?? Number.NaN, worst: times.at(-1) ?? Number.NaN })
      } catch {
        failed.push(name)
      }
    }
    await opened.page.context().close()
  }
  timed.sort((left, right) => right.median - left.median)
  const show = ({ name, median, worst }: Timed) => `${name} ${median.toFixed(0)} (worst ${worst.toFixed(0)})`
  const rest = timed.slice(told)
  const worst = Math.max(...rest.map((one) => one.worst))
  const others = `; ${rest.length} others at most ${rest[0]?.median.toFixed(0)} (worst ${worst.toFixed(0)})`
  const failures = failed.length > 0 ? `; without their content: ${failed.join(', ')}` : ''
  return {
    value: timed[0]?.median ?? Number.NaN,
    detail: `medians of ${loads}: ${timed.slice(0, told).map(show).join(', ')}${others}${failures}`,
    errors: failed.length,
  }
}

const pages_row: Row = {
  name: 'console_pages',
  requirement:
    'each page of the console, gone to by its address: all of its content drawn within 1 s; the slowest page',
  unit: 'ms',
  once: true,
  sides: [
    {
      name: 'OpenWard',
      async prepare(world: World) {
        if (skip) throw new AbsentError(skip)
        const { port, grow, fillDemonstration, administrator: account } = await world.openward()
        await grow(world.people)
        await fillDemonstration()
        const administrator = await signIn(port, account)
        const house = { administrator, department_id: await createDepartment(administrator) }
        const staff = await hire(house, usualNames)
        const ids = await live(house, staff, await arrive(house, staff), usualNames)
        return async () => {
          const browser = await openBrowser()
          try {
            return await measureAll(browser, port, staff, ids)
          } finally {
            await browser.close()
          }
        }
      },
    },
  ],
  promises: [{ at_most: 1000 }],
}

const first_load_row: Row = {
  name: 'console_first_load',
  requirement: 'what the first load of the console transfers, compressed',
  unit: 'kB',
  once: true,
  sides: [
    {
      name: 'OpenWard',
      async prepare(world: World) {
        if (skip) throw new AbsentError(skip)
        const { port } = await world.openward()
        return async () => {
          const browser = await openBrowser()
          try {
            return await weighFirstLoad(await open(browser, port))
          } finally {
            await browser.close()
          }
        }
      },
    },
  ],
  promises: [{ at_most: 300 }],
}

async function weighFirstLoad({ page, settled }: Opened): Promise<Measured> {
  const sizes: Promise<number>[] = []
  page.on('requestfinished', (request) => {
    sizes.push(
      request.sizes().then(({ responseBodySize, responseHeadersSize }) => responseBodySize + responseHeadersSize),
    )
  })
  await page.goto('/')
  await settled()
  await page.waitForLoadState('networkidle')
  const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
  return { value: bytes / 1000, detail: `${sizes.length} requests`, errors: 0 }
}

export const console_rows: readonly Row[] = [first_load_row, pages_row]
