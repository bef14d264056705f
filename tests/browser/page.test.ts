// The page itself: how much the first load weighs, what it may run (IN-07, TR-02), and that the language and the look are followed.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { expectStatus, nextPerson } from '../hospital.ts'
import { assertAccessible, enter, type House, openHouse, skip } from './browser.ts'

const mostFirstBytes = 300_000
const mostFirstRequests = 12

let house: House
before(async () => {
  if (!skip) house = await openHouse()
})
after(() => house?.close())

describe('the first load', { skip }, () => {
  it('is under 300 kB and few requests, compressed, and kept for good but for the page itself', async () => {
    const visit = await house.visit('desk')
    const answers: { url: string; bytes: number; headers: Record<string, string> }[] = []
    const sizes: Promise<void>[] = []
    visit.page.on('requestfinished', (request) =>
      sizes.push(
        (async () => {
          const { responseBodySize } = await request.sizes()
          const headers = (await (await request.response())?.allHeaders()) ?? {}
          answers.push({ url: new URL(request.url()).pathname, bytes: responseBodySize, headers })
        })(),
      ),
    )
    await visit.page.goto('/')
    await visit.page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await visit.page.waitForLoadState('networkidle')
    await Promise.all(sizes)
    const bytes = answers.reduce((sum, answer) => sum + answer.bytes, 0)
    assert.ok(bytes > 50_000 && bytes < mostFirstBytes, `${bytes} bytes`)
    assert.ok(
      answers.length <= mostFirstRequests,
      `${answers.length} requests: ${answers.map(({ url }) => url).join(' ')}`,
    )
    for (const { url, headers } of answers.filter(({ url }) => url.startsWith('/assets/'))) {
      assert.equal(headers['cache-control'], 'public, max-age=31536000, immutable', url)
      if (/index.*\.(js|css)$/.test(url)) assert.match(headers['content-encoding'] ?? '', /^(br|gzip)$/, url)
    }
    assert.equal(answers.find(({ url }) => url === '/')?.headers['cache-control'], 'no-store')
    await visit.close()
  })

  it('comes with a policy that lets nothing inline run, another nonce each time, and the headers of every answer', async () => {
    const [one, other] = await Promise.all([fetch(`${house.url}/`), fetch(`${house.url}/calendar`)])
    const policy = one.headers.get('content-security-policy') ?? ''
    assert.match(policy, /script-src 'self';/)
    assert.doesNotMatch(policy, /unsafe/)
    for (const part of ["default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"])
      assert.ok(policy.includes(part), part)
    const nonceOf = ({ headers }: Response) => /'nonce-([^']+)'/.exec(headers.get('content-security-policy') ?? '')?.[1]
    assert.notEqual(nonceOf(one), nonceOf(other))
    assert.ok((await one.text()).includes(String(nonceOf(one))))
    assert.equal(one.headers.get('x-content-type-options'), 'nosniff')
    assert.equal(one.headers.get('cross-origin-opener-policy'), 'same-origin')
    assert.match(one.headers.get('strict-transport-security') ?? '', /max-age=\d{8}; includeSubDomains/)
  })

  it('is given at the addresses of the console and at no other', async () => {
    for (const [path, status, type] of [
      ['/patients/new', 200, 'text/html'],
      ['/patients/0198c0de-0000-7000-8000-000000000001/book', 200, 'text/html'],
      ['/patients', 404, 'application/problem+json'],
      ['/api/v1/nothing', 404, 'application/problem+json'],
      ['/assets/nothing.js', 404, 'application/problem+json'],
      ['/assets/..%2findex.html', 404, 'application/problem+json'],
    ] as const) {
      const answer = await fetch(house.url + path, { headers: { accept: 'text/html' } })
      assert.equal(answer.status, status, path)
      assert.ok(answer.headers.get('content-type')?.startsWith(type), path)
    }
  })
})

describe('a page', { skip }, () => {
  it('shows a script in a name as the letters that it is', async () => {
    const visit = await house.visit('desk')
    const { page } = visit
    const first_name = '<img src=x onerror=document.title=1>'
    const last_name = '"><script>document.title=1</script><svg onload=document.title=1>'
    const person = { ...nextPerson(), first_name, last_name }
    const made = await house.administrator.ask('POST', '/api/v1/patients', person)
    assert.equal(made.status, 201, made.text)
    const { id } = JSON.parse(made.text) as { id: string }
    await enter(house, visit, 'staff')
    await page.goto(`/patients/${id}`)
    await page.getByRole('heading', { name: first_name }).waitFor()
    await page.goto('/')
    await page.getByLabel(/^Find a patient/).fill('onerror')
    await page.getByText(first_name).first().waitFor()
    assert.equal(await page.locator('main img, main script').count(), 0)
    assert.match(await page.title(), /OpenWard$/)
    await visit.close()
  })

  it('that a script is put into does not run it', async () => {
    const visit = await house.visit('desk')
    await visit.page.goto('/')
    await visit.page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await visit.page.evaluate(() => {
      const script = document.createElement('script')
      script.textContent = 'document.title = "broken in"'
      document.body.append(script)
    })
    assert.doesNotMatch(await visit.page.title(), /broken in/)
    assert.match(visit.faults.join('\n'), /Content Security Policy/)
    visit.faults.length = 0
    await visit.close()
  })

  it('speaks Spanish and is dark to whoever has asked for that, and remembers what was chosen', async () => {
    const visit = await house.visit('telephone', { locale: 'es-MX', scheme: 'dark' })
    const { page } = visit
    await page.goto('/')
    await page.getByRole('heading', { name: 'Entrar' }).waitFor()
    assert.deepEqual(
      await page.evaluate(() => [
        document.documentElement.lang,
        document.documentElement.dir,
        document.documentElement.dataset['mantineColorScheme'],
      ]),
      ['es', 'ltr', 'dark'],
    )
    await assertAccessible(page, 'sign-in in the dark')
    await page.getByRole('combobox', { name: 'Idioma' }).or(page.getByLabel('Idioma')).first().click()
    await page.getByRole('option', { name: 'English' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await visit.close()
  })

  it('of whoever has no page yet says so', async () => {
    const visit = await house.visit('desk')
    const role = { permissions: ['access:explain'], mfa: 'default' }
    expectStatus(200, await house.administrator.ask('PUT', '/api/v1/roles/onlooker', role))
    await enter(house, visit, 'onlooker')
    await visit.page.getByText(/^This console has no pages for your role yet/).waitFor()
    await assertAccessible(visit.page, 'no role')
    await visit.close()
  })
})
