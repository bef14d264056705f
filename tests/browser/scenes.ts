// What is done on a page before its picture is taken, where the page as it comes shows less than people see of it; and its states.
import type { Page } from 'playwright-core'
import type { Ids, Person } from './lives.ts'

export type Scene = {
  name: string
  who: Person | 'stranger'
  at: (ids: Ids) => string
  about: string
  size?: 'desk' | 'telephone'
  scheme?: 'light' | 'dark'
  locale?: 'en-US' | 'es-MX'
  /** Taken before anything has happened in the hospital. */
  is_empty?: true
  act?: (page: Page) => Promise<unknown>
}

const dangerous = async (page: Page) => {
  await page.getByRole('button', { name: /^(New assessment|Valoración nueva)$/ }).click()
  await page.getByLabel(/^(Breaths|Respiraciones)/).fill('26')
  await page.getByLabel(/^(Oxygen saturation|Saturación)/).fill('91')
  await page.getByLabel(/^(Pulse|Pulso)/).fill('96')
  await page.evaluate(() => scrollTo(0, 0))
}
const nursing = ({ visit_id }: Ids) => `/visits/${visit_id}/nursing`
const chart = ({ patient_id }: Ids) => `/patients/${patient_id}/chart`

export const scenes: readonly Scene[] = [
  {
    name: 'search',
    who: 'receptionist',
    at: () => '/reception',
    about: 'Somebody is looked for: what matched is marked',
    act: (page) => page.getByLabel(/^Find a patient/).fill('ferreira'),
  },
  {
    name: 'lookalikes',
    who: 'receptionist',
    at: () => '/patients/new',
    about: 'Whoever looks alike stands beside the form while it is typed',
    async act(page) {
      await page.getByLabel(/^First name/).fill('Amelia')
      await page.getByLabel(/^Last name/).fill('Okafor')
      await page.getByRole('complementary').getByRole('listitem').first().waitFor()
    },
  },
  {
    name: 'time-chosen',
    who: 'receptionist',
    at: ({ patient_id }) => `/patients/${patient_id}/book`,
    about: 'A time is chosen, and held while the form is filled',
    async act(page) {
      await page.locator('button[aria-pressed]').nth(5).click()
      await page.getByText(/^Held for you until/).waitFor()
    },
  },
  {
    name: 'week',
    who: 'receptionist',
    at: ({ day }) => `/calendar?date=${day}&view=week`,
    about: 'The week of all doctors',
  },
  {
    name: 'appointment',
    who: 'receptionist',
    at: ({ day }) => `/calendar?date=${day}`,
    about: 'An appointment, opened in the calendar',
    act: (page) => page.locator('[data-appointment]').nth(6).click(),
  },
  {
    name: 'calendar-dark',
    who: 'receptionist',
    at: ({ day }) => `/calendar?date=${day}`,
    about: 'The calendar in the dark',
    scheme: 'dark',
  },
  {
    name: 'bed',
    who: 'receptionist',
    at: () => '/beds',
    about: 'A bed, opened',
    act: (page) => page.locator('[data-bed]').first().click(),
  },
  {
    name: 'assessment-as-typed',
    who: 'nurse',
    at: nursing,
    about: 'An assessment: early warning and usual ranges as one types',
    act: dangerous,
  },
  {
    name: 'assessment-as-typed-dark',
    who: 'nurse',
    at: nursing,
    about: 'The same at night, on a telephone',
    size: 'telephone',
    scheme: 'dark',
  },
  {
    name: 'board-visit',
    who: 'nurse',
    at: () => '/board',
    about: 'A visit, opened from the board',
    act: (page) => page.getByRole('button', { name: /^Open Amelia/ }).click(),
  },
  { name: 'board-spanish', who: 'nurse', at: () => '/board', about: 'The board in Spanish', locale: 'es-MX' },
  { name: 'chart-dark', who: 'doctor', at: chart, about: 'The chart in the dark', scheme: 'dark' },
  {
    name: 'chart-entry',
    who: 'doctor',
    at: chart,
    about: 'An entry of the timeline, opened',
    act: (page) => page.locator('[data-kind="note"]').first().click(),
  },
  {
    name: 'prescription-signed',
    who: 'doctor',
    at: ({ prescription_id }) => `/prescriptions/${prescription_id}`,
    about: 'A signed prescription, with its code',
  },
  {
    name: 'emergency-access',
    who: 'stranger',
    at: chart,
    about: 'A record out of reach: emergency access asks for a reason',
  },
  {
    name: 'own-appointments-spanish',
    who: 'patient',
    at: () => '/appointments',
    about: 'One’s own appointments in Spanish, on a telephone in the dark',
    size: 'telephone',
    scheme: 'dark',
    locale: 'es-MX',
  },
  {
    name: 'invite',
    who: 'administrator',
    at: () => '/users',
    about: 'Inviting somebody',
    act: (page) => page.getByRole('button', { name: 'Invite somebody' }).click(),
  },
  {
    name: 'definition',
    who: 'administrator',
    at: () => '/dashboard',
    about: 'What a figure means',
    act: (page) => page.getByRole('button', { name: 'Beds in service now' }).click(),
  },
  {
    name: 'dashboard-dark',
    who: 'administrator',
    at: () => '/dashboard',
    about: 'The hospital at a glance, in the dark',
    scheme: 'dark',
  },
  {
    name: 'import-tried',
    who: 'administrator',
    at: () => '/import',
    about: 'A file is tried: what is wrong is told by line',
    async act(page) {
      const lines = [
        'first_name,last_name,date_of_birth,gender,phone_primary',
        'Ines,Almeida,1984-02-29,FEMALE,+14155550199',
        'Joana,Almeida,not a date,FEMALE,+14155550198',
        'Karl,Berg,1991-07-13,MALE,12',
      ]
      const file = { name: 'patients.csv', mimeType: 'text/csv', buffer: Buffer.from(lines.join('\n')) }
      await page.locator('input[type="file"]').setInputFiles(file)
      await page.getByRole('button', { name: 'Try it: register nobody' }).click()
      await page.getByText('The dry run is done: nobody was registered.').waitFor()
    },
  },
  {
    name: 'report',
    who: 'administrator',
    at: () => '/reports',
    about: 'A report, shown',
    async act(page) {
      await page.getByLabel('Report').selectOption('What was done, by role')
      await page.getByRole('button', { name: 'Show it here' }).click()
      await page.getByRole('cell').first().waitFor()
    },
  },
  {
    name: 'review',
    who: 'administrator',
    at: () => '/emergency-accesses',
    about: 'An emergency access is reviewed',
    act: (page) =>
      page
        .getByRole('button', { name: /^Review/ })
        .first()
        .click(),
  },
  {
    name: 'audit-entry',
    who: 'auditor',
    at: () => '/audit',
    about: 'An entry of the log, opened',
    act: (page) => page.getByRole('button', { name: 'More about it' }).first().click(),
  },
  {
    name: 'proof-given',
    who: 'auditor',
    at: () => '/audit/proof',
    about: 'The log is proved whole',
    async act(page) {
      await page.getByRole('button', { name: 'Verify the log' }).click()
      await page.getByText(/^The log is whole/).waitFor()
    },
  },
  {
    name: 'menu',
    who: 'administrator',
    at: () => '/users',
    about: 'Where one may go, on a telephone',
    size: 'telephone',
    act: (page) => page.getByRole('button', { name: 'Menu' }).click(),
  },
  {
    name: 'account',
    who: 'nurse',
    at: () => '/board',
    about: 'Who one is; look and language',
    act: (page) => page.getByRole('button', { name: /^Account/ }).click(),
  },
  { name: 'empty-board', who: 'nurse', at: () => '/board', about: 'Nobody has come yet', is_empty: true },
  { name: 'empty-today', who: 'doctor', at: () => '/today', about: 'A doctor who has nothing to do', is_empty: true },
  {
    name: 'empty-own-record',
    who: 'patient',
    at: () => '/my-record',
    about: 'A record with nothing in it',
    is_empty: true,
    size: 'telephone',
  },
  { name: 'waiting', who: 'doctor', at: chart, about: 'What a page shows while it waits' },
  { name: 'failed', who: 'doctor', at: chart, about: 'What it shows when the server has failed' },
  { name: 'not-allowed', who: 'auditor', at: () => '/board', about: 'A page that is not for one’s role' },
  {
    name: 'no-page',
    who: 'receptionist',
    at: ({ user_id }) => `/patients/${user_id}`,
    about: 'A record that is not there',
  },
  {
    name: 'long-name',
    who: 'receptionist',
    at: () => '/reception',
    about: 'A name that has no end',
    act: (page) => page.getByLabel(/^Find a patient/).fill('Wolfeschlegel'),
  },
  {
    name: 'long-name-telephone',
    who: 'doctor',
    at: () => '/today',
    about: 'The same on a telephone',
    size: 'telephone',
  },
]
