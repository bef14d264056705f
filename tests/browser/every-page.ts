// Every page of the console: who looks at it, where, and what is there when it has come. The tests, the pictures and the bench go
// through this list; an address that it lacks does not compile.
import type { Page, Request } from 'playwright-core'
import { addresses } from '../../console/addresses.ts'
import type { Ids, Person } from './lives.ts'

export type PageName = keyof typeof addresses
export type Shown = {
  who: Person
  /** A word that is on it, in English, as soon as its content is. */
  shows: RegExp
  /** Where: the address itself unless said. */
  at?: (ids: Ids) => string
  /** In docs/pages-of-the-console.md. */
  about: string
  /** Is used on a telephone, too: a picture is taken of that. */
  on_telephone?: true
  /** Of everyone who is signed in, whatever their role. */
  is_for_all?: true
}

export const everyPage: Record<PageName, Shown> = {
  sign_in: { who: 'nobody', shows: /Email or user name/, about: 'Sign in', on_telephone: true },
  forgot_password: { who: 'nobody', shows: /Send the link/, about: 'Forgotten password' },
  reset_password: {
    who: 'nobody',
    at: () => '/reset-password#owr_0',
    shows: /New password/,
    about: 'Another password, by the link of a mail',
  },
  invitation: {
    who: 'nobody',
    at: () => '/invitation#owi_0',
    shows: /New password/,
    about: 'The first password of whoever was invited',
  },
  verify_email: {
    who: 'nobody',
    at: () => '/verify-email#owv_0',
    shows: /Confirm/,
    about: 'Confirming an e-mail address',
  },
  register_account: { who: 'nobody', shows: /Date of birth/, about: 'Register as a patient', on_telephone: true },
  doctors: { who: 'nobody', shows: /Neurology/, about: 'Find a doctor, without signing in', on_telephone: true },
  doctor: {
    who: 'nobody',
    at: ({ doctor_id }) => `/doctors/${doctor_id}`,
    shows: /Next free times/,
    about: 'A doctor, and their next free times',
    on_telephone: true,
  },

  start: { who: 'receptionist', shows: /Reception/, about: 'The start leads to one’s first place', is_for_all: true },
  reception: {
    who: 'receptionist',
    shows: /Expected today/,
    about: 'Reception: one search box for everyone, and who is expected today',
  },
  register_patient: { who: 'receptionist', shows: /Register and book/, about: 'Registering a patient' },
  patient: {
    who: 'receptionist',
    at: ({ patient_id }) => `/patients/${patient_id}`,
    shows: /Appointments/,
    about: 'A patient: how to reach them, and their appointments',
  },
  patient_details: {
    who: 'receptionist',
    at: ({ patient_id }) => `/patients/${patient_id}/details`,
    shows: /Save/,
    about: 'Correcting a patient’s details, and how they are told',
  },
  book: {
    who: 'receptionist',
    at: ({ patient_id }) => `/patients/${patient_id}/book`,
    shows: /Book an appointment/,
    about: 'Booking: the next free times of all doctors',
  },
  calendar: {
    who: 'receptionist',
    at: ({ day }) => `/calendar?date=${day}`,
    shows: /Calendar/,
    about: 'The day of all doctors',
  },
  beds: { who: 'receptionist', shows: /Beds/, about: 'The beds, ward by ward' },
  waitlist: { who: 'receptionist', shows: /Waitlist/, about: 'Who waits for an earlier time' },

  board: { who: 'nurse', shows: /Waiting/, about: 'The board of a department', on_telephone: true },
  nursing_assessment: {
    who: 'nurse',
    at: ({ visit_id }) => `/visits/${visit_id}/nursing`,
    shows: /Nursing assessment/,
    about: 'A nursing assessment',
    on_telephone: true,
  },
  vital_signs: {
    who: 'nurse',
    at: ({ patient_id }) => `/patients/${patient_id}/vital-signs`,
    shows: /Vital signs/,
    about: 'Vital signs over time',
    on_telephone: true,
  },

  today: { who: 'doctor', shows: /Today/, about: 'A doctor’s day', on_telephone: true },
  chart: {
    who: 'doctor',
    at: ({ patient_id }) => `/patients/${patient_id}/chart`,
    shows: /Timeline/,
    about: 'The chart, as a timeline',
    on_telephone: true,
  },
  visit: {
    who: 'doctor',
    at: ({ visit_id }) => `/visits/${visit_id}`,
    shows: /Notes/,
    about: 'A visit: notes, diagnoses, prescriptions, examinations',
    on_telephone: true,
  },
  radiology: {
    who: 'doctor',
    at: ({ assessment_id }) => `/radiology/${assessment_id}`,
    shows: /Radiology|That did not work/,
    about: 'An examination with a critical result',
  },
  prescribe: {
    who: 'doctor',
    at: ({ patient_id, visit_id }) => `/patients/${patient_id}/prescribe?visit=${visit_id}`,
    shows: /Prescribe/,
    about: 'Prescribing',
  },
  prescription: {
    who: 'doctor',
    at: ({ draft_id }) => `/prescriptions/${draft_id}`,
    shows: /Prescription|That did not work/,
    about: 'A prescription, with what speaks against it',
  },

  own_appointments: { who: 'patient', shows: /My appointments/, about: 'One’s own appointments', on_telephone: true },
  own_booking: {
    who: 'patient',
    at: ({ doctor_id, time }) => `/appointments/book?doctor_id=${doctor_id}&at=${encodeURIComponent(time)}`,
    shows: /Book this time/,
    about: 'A patient books a time',
    on_telephone: true,
  },
  own_record: { who: 'patient', shows: /My record/, about: 'One’s own record', on_telephone: true },
  own_access: {
    who: 'patient',
    shows: /Who saw/,
    about: 'Who saw one’s record, and a copy of all of it',
    on_telephone: true,
  },

  own_details: {
    who: 'patient',
    shows: /Contact and reminders/,
    about: 'How one is reached, and links for a calendar program',
    on_telephone: true,
  },

  dashboard: { who: 'administrator', shows: /At a glance/, about: 'The hospital at a glance' },
  trends: {
    who: 'administrator',
    at: ({ day }) => `/figures/appointments?from=${day}&to=${day}`,
    shows: /Total/,
    about: 'Appointments over time',
  },
  utilization: {
    who: 'administrator',
    at: ({ day }) => `/figures/doctors?from=${day}&to=${day}`,
    shows: /Doctor/,
    about: 'How much doctors are booked',
  },
  usage: {
    who: 'administrator',
    at: () => '/figures/resources?by=resource',
    shows: /As known/,
    about: 'How much rooms, beds and equipment are used',
  },
  figure_rows: {
    who: 'administrator',
    at: ({ day }) => `/figures/rows?subject=appointment_trends&figure=appointments&from=${day}&to=${day}`,
    shows: /together/,
    about: 'The rows behind a figure',
  },
  reports: { who: 'administrator', shows: /Reports/, about: 'Reports' },
  users: { who: 'administrator', shows: /\d accounts?/, about: 'Users' },
  user: {
    who: 'administrator',
    at: ({ user_id }) => `/users/${user_id}`,
    shows: /May sign in/,
    about: 'A user: role, department, rights, sessions',
  },
  roles: { who: 'administrator', shows: /auditor/, about: 'Roles' },
  role: {
    who: 'administrator',
    at: () => '/roles/nurse',
    shows: /patients:find/,
    about: 'A role, and what it may do',
  },
  schedules: { who: 'administrator', shows: /Neurology/, about: 'Doctors, and who has no profile yet' },
  schedule: {
    who: 'administrator',
    at: ({ doctor_id }) => `/schedules/${doctor_id}`,
    shows: /Time off/,
    about: 'A doctor’s profile, hours and time off',
  },
  departments: { who: 'administrator', shows: /New department/, about: 'Departments' },
  resources: { who: 'administrator', shows: /Take into use/, about: 'Rooms, beds and equipment' },
  import_patients: { who: 'administrator', shows: /Import patients/, about: 'Importing patients from a file' },
  jobs: { who: 'administrator', shows: /Nothing has failed/, about: 'What goes on behind: jobs' },
  mails: { who: 'administrator', shows: /Mail/, about: 'The outbox of mail' },
  events: { who: 'administrator', shows: /Events/, about: 'The outbox of events, and who lies behind in it' },
  webhooks: { who: 'administrator', shows: /Add a webhook/, about: 'Other programs that are told of events' },
  deliveries: {
    who: 'administrator',
    at: ({ webhook_id }) => `/operation/webhooks/${webhook_id}`,
    shows: /Deliveries|That did not work/,
    about: 'What one of them was told',
  },
  access_review: {
    who: 'administrator',
    shows: /Access review/,
    about: 'The access review: who may do what, and whether it stays so',
  },
  explain_access: {
    who: 'administrator',
    shows: /Why|why/,
    about: 'Which rule lets somebody into a record',
  },
  emergency_accesses: {
    who: 'administrator',
    shows: /Emergency accesses/,
    about: 'Emergency accesses to review',
  },

  audit: { who: 'auditor', shows: /\d entr/, about: 'The audit log' },
  audit_proof: { who: 'auditor', shows: /Verify the log/, about: 'The proof that the log is whole' },
  watched_records: {
    who: 'auditor',
    shows: /Watched records/,
    about: 'Records of known persons, of which every look is found',
  },
  activity_findings: {
    who: 'auditor',
    shows: /waits for a review|Review/,
    about: 'What stands out, to be looked through',
  },

  sessions: { who: 'nurse', shows: /End it|This session|signed in/, about: 'Where one is signed in', is_for_all: true },
  password: { who: 'nurse', shows: /New password/, about: 'Another password', is_for_all: true },
}

export const pageNames = Object.keys(addresses) as PageName[]

export const placeOf = (name: PageName, ids: Ids) => everyPage[name].at?.(ids) ?? addresses[name]

/** Names the page that was added without its row: what is in no list is looked at by nobody. */
export function missingRows(): string[] {
  return pageNames.filter((name) => !(name in everyPage))
}

const limitMs = 20_000

const isAsked = (url: string) => /\/api\/v1\/(?!events)/.test(url)

/** Follows what a page asks for; `settled` is over when all of it is there and drawn. */
export function followed(page: Page) {
  const open = new Set<Request>()
  let asked = 0
  page.on('request', (request) => {
    // What a page that is left still waited for is not told to have ended.
    if (request.isNavigationRequest()) open.clear()
    if (!isAsked(request.url())) return
    open.add(request)
    asked += 1
  })
  page.on('requestfinished', (request) => open.delete(request))
  page.on('requestfailed', (request) => open.delete(request))
  return {
    asked: () => asked,
    settled: async () => {
      await page.locator('#content').waitFor()
      // What one answer makes the page ask for is asked for in the same turn in which the answer is drawn.
      const begun_at = performance.now()
      for (let quiet = 0; quiet < 3;) {
        const waits = await page.evaluate(drawn)
        quiet = open.size === 0 && !waits ? quiet + 1 : 0
        if (performance.now() - begun_at > limitMs)
          throw new Error(
            `${page.url()} does not come to rest: ${waits ? 'it says that it waits' : `${open.size} answers are missing`}`,
          )
      }
    },
  }
}

/** Two frames later: whether the page still says that it waits. */
const drawn = `new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(
  document.querySelector('[role=status][aria-label=Loading], [role=status][aria-label=Cargando]') !== null ||
  document.querySelector('h1') === null))))` as unknown as () => boolean
