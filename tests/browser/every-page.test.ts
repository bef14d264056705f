// Every page of the console in every state, for somebody who may see it: empty, waiting, failed, full of life and of names that have no
// end, and refused; at both sizes, light and dark, in English and in Spanish. What people do on them is in the other files.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Route } from 'playwright-core'
import { addresses } from '../../console/addresses.ts'
import { createColleague, expectStatus } from '../hospital.ts'
import { assertAccessible, assertFits, type House, openHouse, sizes, skip, type Visit } from './browser.ts'
import { enterAs } from './chromium.ts'
import { everyPage, followed, missingRows, pageNames, placeOf } from './every-page.ts'
import { type Account, arrive, hire, type Ids, live, longNames, people, type Person, type Staff } from './lives.ts'
import { englishIn, everyWord } from './words.ts'

type Watched = Visit & ReturnType<typeof followed>

let house: House
let staff: Staff
let ids: Ids
before(async () => {
  if (skip) return
  house = await openHouse()
  staff = await hire(house, longNames)
  ids = await arrive(house, staff)
})
after(() => house?.close())

/** Each of them has a window in English, and one in Spanish; whoever is not looked at leaves the console, which costs time otherwise. */
const windows = new Map<string, Watched>()
let looked_at: Watched | undefined
after(async () => {
  for (const { close } of windows.values()) await close()
})

async function windowOf(who: Person, locale: 'en-US' | 'es-MX' = 'en-US'): Promise<Watched> {
  return windowFor(who === 'nobody' ? undefined : staff[who], who, locale)
}

async function windowFor(account: Account | undefined, who: string, locale: string): Promise<Watched> {
  const name = `${who} ${locale}`
  const known = windows.get(name)
  if (looked_at && looked_at !== known) await looked_at.page.goto('about:blank')
  if (known) return (looked_at = known)
  const visit = await house.visit(locale === 'en-US' ? 'desk' : 'telephone', { locale })
  const opened = { ...visit, ...followed(visit.page) }
  windows.set(name, (looked_at = opened))
  if (account) await enterAs(opened.page, account)
  return opened
}

async function look({ page }: Watched, state: string, size: keyof typeof sizes, colorScheme: 'light' | 'dark') {
  await page.setViewportSize(sizes[size])
  await page.emulateMedia({ colorScheme })
  await assertFits(page, state)
  await assertAccessible(page, state)
}

it('there is a row for every page of the console', () => {
  assert.deepEqual(
    missingRows(),
    [],
    'add these addresses to `everyPage` in tests/browser/every-page.ts (who sees it, and a word that is on it), and to `live` in tests/browser/lives.ts what it shows; then `npm run pictures`',
  )
})

const ofPerson = (person: Person) => pageNames.filter((name) => everyPage[name].who === person)

describe('a page with nothing on it', { skip }, () => {
  for (const person of people)
    it(`fits and is accessible to a ${person}`, async () => {
      const open = await windowOf(person, 'es-MX')
      for (const name of ofPerson(person)) {
        await goWithin(open, placeOf(name, ids))
        await look(open, `${name}, empty`, 'telephone', 'light')
      }
    })
})

describe('a page full of life', { skip }, () => {
  before(async () => {
    ids = await live(house, staff, ids, longNames)
  })
  for (const person of people)
    for (const name of ofPerson(person))
      it(`${name} waits, fails, is asked again, and shows what there is`, async () => {
        const open = await windowOf(person)
        const { page } = open
        await page.setViewportSize(sizes.desk)
        const held = await hold(open)
        try {
          await page.goto(placeOf(name, ids))
          if (await held.isAsked()) {
            await look(open, `${name}, waiting`, 'desk', 'dark')
            await held.fail()
            await open.settled()
            await page.getByRole('alert').first().waitFor()
            await look(open, `${name}, failed`, 'desk', 'light')
          }
        } finally {
          await held.release()
        }
        const again = page.getByRole('button', { name: 'Try again' })
        for (let times = 0; times < 10 && (await again.count()) > 0; times += 1) {
          await again.first().click()
          await open.settled()
        }
        assert.equal(
          await again.count(),
          0,
          `asking again does not help: ${(await page.getByRole('alert').allTextContents()).join(' ')}`,
        )
        await open.settled()
        await page.getByText(everyPage[name].shows).first().waitFor()
        assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1, 'a page has one heading')
        await look(open, name, 'desk', 'light')
        await look(open, name, 'telephone', 'dark')
      })
})

describe('a page in Spanish', { skip }, () => {
  for (const person of people)
    it(`has no English word left for a ${person}, and fits`, async () => {
      const leaves = await everyWord()
      const open = await windowOf(person, 'es-MX')
      for (const name of ofPerson(person)) {
        await goWithin(open, placeOf(name, ids))
        assert.deepEqual(englishIn(await textsOf(open), leaves), [], name)
        await assertFits(open.page, `${name} in Spanish`)
      }
    })
})

describe('a page of others', { skip }, () => {
  it('says so to whoever has no right to it, and is not offered', async () => {
    const role = { permissions: ['appointments:overbook'], mfa: 'default' }
    expectStatus(200, await house.administrator.ask('PUT', '/api/v1/roles/onlooker', role))
    const onlooker = await createColleague(house.administrator, 'onlooker')
    for (const locale of ['en-US', 'es-MX']) {
      const open = await windowFor(onlooker, 'onlooker', locale)
      const refused = open.page.getByRole('heading', { name: /^(This page is not for your role|Esta página no es)/ })
      const names = pageNames.filter((name) => everyPage[name].who !== 'nobody' && !everyPage[name].is_for_all)
      for (const name of locale === 'en-US' ? names : names.slice(0, 1)) {
        await goTo(open, placeOf(name, ids))
        await refused.waitFor().catch(() => assert.fail(`${name} is open to whoever has no right`))
        await open.settled()
      }
      assert.equal(await open.page.getByRole('navigation').count(), 0)
      await look(open, 'not allowed', 'desk', 'light')
      await look(open, 'not allowed', 'telephone', 'dark')
    }
  })
})

describe('the words of the console', () => {
  // Names, signs and words that Spanish has of the same letters.
  const same =
    /^(No|Plan|SpO2 %|Auto|Webhooks|Id|OpenWard|oral|intramuscular|rectal|Email|Total|General|Normal|Final|Error|[^\p{L}]*|\p{Lu}[\p{Lu}\d .-]*)$/u
  const isSame = (path: string, word: string) => path.includes(': units: ') || same.test(word)
  it('are Spanish in Spanish', async () => {
    const leaves = await everyWord()
    assert.ok(leaves.length > 500, `only ${leaves.length} words were read`)
    assert.deepEqual(
      leaves.filter(({ path, en, es }) => es === en && !isSame(path, en)),
      [],
    )
  })
})

/** Keeps back what a page asks for, but for who one is. */
async function hold({ page, asked }: Watched) {
  const waiting: Route[] = []
  let isFailing = false
  const problem = { type: '/problems/internal', title: 'Broken', status: 500, code: 'internal', detail: 'Broken' }
  const answer = { status: 500, contentType: 'application/problem+json', body: JSON.stringify(problem) }
  const url = /\/api\/v1\/(?!auth\/|events)/
  const keep = async (route: Route) => {
    if (isFailing) await route.fulfill(answer)
    else waiting.push(route)
  }
  await page.route(url, keep)
  return {
    async isAsked() {
      // Until its own code is there, a page has nothing to show but that.
      await page.locator('#content h1').first().waitFor()
      await page.waitForFunction('document.readyState === "complete"')
      return waiting.length > 0 && asked() > 0
    },
    async fail() {
      isFailing = true
      // What the page itself has given up meanwhile needs no answer.
      await Promise.allSettled(waiting.map((route) => route.fulfill(answer)))
    },
    async release() {
      await page.unroute(url, keep)
      if (!isFailing) await Promise.allSettled(waiting.map((route) => route.continue()))
    },
  }
}

/** As a link would, without loading all of the console again. */
const goTo = ({ page }: Watched, place: string) => page.evaluate((to) => history.pushState(null, '', to), place)

/** Until another page is there; from the start one is led on, perhaps to where one is. */
async function goWithin(open: Watched, place: string) {
  const { page, settled } = open
  if (place === addresses.start || page.url() === 'about:blank') await page.goto(place)
  else if (new URL(page.url()).pathname !== place) {
    await page.evaluate("document.querySelector('h1').setAttribute('data-left', '')")
    await goTo(open, place)
    await page.locator('h1:not([data-left])').waitFor()
  }
  await settled()
}

/** What is read, and what is read out. */
const textsOf = ({ page }: Watched) =>
  page.evaluate(() => {
    const texts: string[] = []
    for (const element of document.body.querySelectorAll('*')) {
      if (element.closest('script, style, code, pre, [lang], [data-words-of-server]')) continue
      for (const name of ['aria-label', 'placeholder', 'title', 'alt']) texts.push(element.getAttribute(name) ?? '')
      for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) texts.push(node.textContent ?? '')
    }
    return [...new Set(texts.map((text) => text.trim()))].filter((text) => text !== '')
  })
