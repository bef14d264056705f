// The pictures of every page in docs/images, and the page of the docs that shows them: `npm run pictures`, or with the names of a few
// after it. They are of the demonstration; nobody in them is real.
import { globSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { addresses } from '../../console/addresses.ts'
import { root } from '../documentation/blocks.ts'
import { createDepartment, createDoctor, made, nextPerson } from '../hospital.ts'
import { openHouse, sizes } from './browser.ts'
import { enterAs } from './chromium.ts'
import { everyPage, followed, type PageName, pageNames, placeOf } from './every-page.ts'
import { type Account, arrive, hire, type Ids, live, longNames, people, usualNames } from './lives.ts'
import { type Scene, scenes } from './scenes.ts'

const folder = join(root, process.env['PICTURES_INTO'] || 'docs/images')
const only = new Set(process.argv.slice(2))
const desk = { width: 1200, height: 780 }
/** Of a page that is longer no more is shown. */
const tallest = { desk: 1250, telephone: 1100 }
/** The script makes them; others beside them stay. */
const fileOf = (name: string) => `console-${name.replaceAll('_', '-')}.webp`

const intro =
  'Made by `npm run pictures` of the demonstration (`npx openward demo`): nobody in them is real. What each page is for stands in ' +
  '[console.md](console.md).'
const titles: Record<(typeof people)[number], string> = {
  receptionist: 'Reception',
  nurse: 'Nurses',
  doctor: 'Doctors',
  patient: 'Patients',
  administrator: 'Administrators',
  auditor: 'Auditors',
  nobody: 'Without signing in',
}

type Picture = Pick<Scene, 'name' | 'about'> & { place: string }

const house = await openHouse({}, true)
const { administrator } = house
const names = usualNames.map((name) => ({ ...name }))
const staff = await hire(house, names)
const stranger = await createDoctor(administrator, {
  department_id: await createDepartment(administrator, 'Paediatric outpatients'),
  names: { first_name: 'Noor', last_name: 'Visser' },
})
const accounts: Record<string, Account> = { ...staff, stranger }
const windows = new Map<string, { page: Page; settled: () => Promise<void> }>()

try {
  mkdirSync(folder, { recursive: true })
  let ids = await arrive(house, staff)
  const empty = await openHouse()
  try {
    const hired = await hire(empty, names)
    const before = await arrive(empty, hired)
    await made(empty.administrator, 'PUT', `/visits/${before.visit_id}/status`, { status: 'cancelled' })
    for (const scene of scenes.filter(({ is_empty }) => is_empty))
      await takeScene(scene, before, await opened(empty, hired, scene, 'empty'))
  } finally {
    await empty.close()
  }
  ids = await live(house, staff, ids, names)
  for (const name of pageNames.filter((one) => one !== 'start')) {
    const { who, on_telephone } = everyPage[name]
    const scene = { name, who, about: '', at: () => placeOf(name, ids) }
    await takeScene(scene, ids)
    if (on_telephone) await takeScene({ ...scene, name: `${name}-telephone`, size: 'telephone' }, ids)
  }
  const shown = scenes.filter(({ is_empty }) => !is_empty)
  for (const scene of shown.filter(({ name }) => !name.startsWith('long-name'))) await takeScene(scene, ids)
  const { id: patient_id } = await made(administrator, 'POST', '/patients', { ...nextPerson(), ...longNames[1] })
  await made(administrator, 'POST', '/visits', { patient_id, doctor_id: ids.doctor_id, chief_complaint: 'Cough' })
  for (const scene of shown.filter(({ name }) => name.startsWith('long-name'))) await takeScene(scene, ids)
  tell()
} finally {
  await house.close()
}

function wanted({ name }: Pick<Scene, 'name'>) {
  return only.size === 0 || only.has(name.replaceAll('_', '-')) || only.has(name)
}

async function opened(of: typeof house, who: Record<string, Account>, scene: Scene, kind = '') {
  const { size = 'desk', scheme = 'light', locale = 'en-US' } = scene
  const key = [kind, scene.who, size, scheme, locale].join(' ')
  const known = windows.get(key)
  if (known) return known
  const { page } = await of.visit(size, { scheme, locale })
  if (size === 'desk') await page.setViewportSize(desk)
  const open = { page, settled: followed(page).settled }
  windows.set(key, open)
  if (scene.who === 'nobody') return open
  const account = who[scene.who]
  if (!account) throw new Error(`nobody is ${scene.who}`)
  await enterAs(page, account)
  return open
}

async function takeScene(scene: Scene, ids: Ids, open?: { page: Page; settled: () => Promise<void> }) {
  if (!wanted(scene)) return
  const { page, settled } = open ?? (await opened(house, accounts, scene))
  const asked = /\/api\/v1\/(?!auth\/|events)/
  const isHeld = scene.name === 'waiting' || scene.name === 'failed'
  if (scene.name === 'waiting') await page.route(asked, () => undefined)
  if (scene.name === 'failed') await page.route(asked, (route) => route.fulfill({ status: 500, body: '' }))
  await page.goto(scene.at(ids))
  if (scene.name === 'waiting') await page.getByRole('status', { name: 'Loading' }).first().waitFor()
  else await settled()
  if (scene.act) {
    await scene.act(page)
    await settled()
    // What follows from the last key is asked for a moment later.
    await page.waitForTimeout(800)
    await settled()
  }
  await shoot(page, scene)
  if (isHeld) await page.unrouteAll({ behavior: 'ignoreErrors' })
}

/** As WebP, which Playwright does not write by itself, three quarters as large as on the screen. */
async function shoot(page: Page, { name, size = 'desk' }: Scene) {
  const { width, height: least } = size === 'desk' ? desk : sizes.telephone
  const isOver = await page.locator('[role=dialog]:visible, .mantine-Popover-dropdown:visible').count()
  const tall = await page.evaluate(() => document.documentElement.scrollHeight)
  const height = isOver > 0 ? least : Math.min(Math.max(tall, least), tallest[size])
  await page.setViewportSize({ width, height })
  await page.waitForTimeout(400)
  const session = await page.context().newCDPSession(page)
  const { data } = await session.send('Page.captureScreenshot', {
    format: 'webp',
    quality: 62,
    clip: { x: 0, y: 0, width, height, scale: 0.75 },
  })
  await session.detach()
  await page.setViewportSize({ width, height: least })
  writeFileSync(join(folder, fileOf(name)), Buffer.from(data, 'base64'))
}

/** Writes the page of the docs, and takes away pictures that are no more. */
function tell() {
  const sections = people.map((person) => {
    const pages = pageNames.filter((name) => name !== 'start' && everyPage[name].who === person)
    const shown = [
      ...pages.map((name) => ({ name, about: everyPage[name].about, place: addresses[name] as string })),
      ...scenes.filter(({ who }) => who === person).map(({ name, about }) => ({ name, about, place: '' })),
    ]
    return `## ${titles[person]}\n\n${shown.map(entryOf).join('\n\n')}`
  })
  const others = scenes
    .filter(({ who }) => who === 'stranger')
    .map(({ name, about }) => entryOf({ name, about, place: '' }))
  const text = `# The pages of the console\n\n${intro}\n\n${[...sections, ...others].join('\n\n')}\n`
  writeFileSync(join(root, 'docs/pages-of-the-console.md'), text)
  const kept = new Set([
    ...pageNames.flatMap((name) => [name, `${name}-telephone`]).map(fileOf),
    ...scenes.map(({ name }) => fileOf(name)),
  ])
  for (const file of globSync('console-*', { cwd: folder })) if (!kept.has(file)) rmSync(join(folder, file))
  const bytes = globSync('*', { cwd: folder }).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0)
  process.stdout.write(`${kept.size} pictures, ${Math.round(bytes / 1000)} kB\n`)
}

function entryOf({ name, about, place }: Picture): string {
  const words = place === '' ? about : `${about} (\`${place.replaceAll('$', '')}\`)`
  const pictures = [`![${about}](images/${fileOf(name)})`]
  if (everyPage[name as PageName]?.on_telephone)
    pictures.push(`![${about}, on a telephone](images/${fileOf(`${name}-telephone`)})`)
  return `**${words}**\n\n${pictures.join('\n\n')}`
}
