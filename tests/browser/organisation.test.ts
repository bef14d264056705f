// Signing in to the console with the organisation, at a real provider, and what is said to whom it does not let in.
import { after, before, describe, it } from 'node:test'
import { startOrganisation } from '../../server/modules/identity/oidc.testing.ts'
import { freePort } from '../processes.ts'
import { assertAccessible, assertFits, type House, openHouse, skip } from './browser.ts'

let house: House
let organisation: Awaited<ReturnType<typeof startOrganisation>>
before(async () => {
  if (skip) return
  const port = await freePort()
  house = await openHouse({
    OIDC_ISSUER: `http://127.0.0.1:${port}`,
    OIDC_CLIENT_ID: 'openward',
    OIDC_CLIENT_SECRET: 'a secret of the test',
    OIDC_GROUP_ROLES: 'desks=staff',
  })
  organisation = await startOrganisation(port, house.url)
})
after(async () => {
  await house?.close()
  await organisation?.stop()
})

describe('signing in with the organisation', { skip }, () => {
  it('leads back to the console, where a reload goes on with the session', async () => {
    const visit = await house.visit('telephone')
    const { page } = visit
    organisation.people.set('dora', {
      sub: 'dora',
      email: 'dora@example.org',
      email_verified: true,
      given_name: 'Dora',
      family_name: 'Desk',
      groups: ['desks'],
    })
    await page.goto('/')
    await page.getByRole('link', { name: 'Sign in with your organisation' }).waitFor()
    await assertAccessible(page, 'sign-in with an organisation')
    await assertFits(page, 'sign-in with an organisation')
    await page.getByRole('link', { name: 'Sign in with your organisation' }).click()
    await page.locator('input[name=login]').fill('dora')
    await page.locator('input[name=password]').fill('any')
    await page.locator('button[type=submit]').click()
    await page.locator('button[type=submit]').click()
    await page.getByRole('heading', { name: 'Reception' }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'Reception' }).waitFor()
    visit.faults.length = 0
    await visit.close()
  })

  it('says at the sign-in that somebody is in no group that may use it', async () => {
    const visit = await house.visit('desk')
    await visit.page.goto('/sign-in#oidc_no_role')
    await visit.page.getByText(/^You are in no group that may use this system/).waitFor()
    await assertAccessible(visit.page, 'refused by the organisation')
    await visit.close()
  })
})
