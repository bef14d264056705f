// The places that one goes to from anywhere, in the order in which they are somebody's own.
import type { CurrentUser } from '#contracts/identity/session'
import { addresses } from '../addresses.ts'
import { may } from '../connection/use-session.ts'
import type { Words } from '../words/en.ts'
import type { SignName } from './mark.tsx'

type Place = {
  /** Its words are `places` of the first load. */
  name: keyof Words['places']
  to: (typeof addresses)[keyof typeof addresses]
  sign: SignName
  isFor: (user: CurrentUser) => boolean
}

/** Whoever is treated here: who works here, too, finds their own record among the records. */
const isPatient = (user: CurrentUser) => user.patient_id !== null && user.role === 'patient'

/** Of every department. */
const mayForAll = ({ permissions }: CurrentUser, permission: string) => permissions.includes(permission)

const places: readonly Place[] = [
  { name: 'today', to: addresses.today, sign: 'person', isFor: (user) => may(user, 'prescriptions:write') },
  {
    name: 'board',
    to: addresses.board,
    sign: 'board',
    // Doctors, who write these too, begin at what is theirs.
    isFor: (user) => may(user, 'nursing-assessments:write') && user.doctor_id === null,
  },
  { name: 'reception', to: addresses.reception, sign: 'search', isFor: (user) => may(user, 'patients:find') },
  {
    name: 'calendar',
    to: addresses.calendar,
    sign: 'calendar',
    isFor: (user) => may(user, 'patients:find') && may(user, 'appointments:read'),
  },
  { name: 'waitlist', to: addresses.waitlist, sign: 'clock', isFor: (user) => mayForAll(user, 'appointments:create') },
  { name: 'beds', to: addresses.beds, sign: 'bed', isFor: (user) => mayForAll(user, 'resources:assign') },
  {
    name: 'own_appointments',
    to: addresses.own_appointments,
    sign: 'calendar',
    isFor: (user) => isPatient(user) && may(user, 'appointments:read'),
  },
  { name: 'doctors', to: addresses.doctors, sign: 'search', isFor: isPatient },
  {
    name: 'own_record',
    to: addresses.own_record,
    sign: 'person',
    isFor: (user) => isPatient(user) && may(user, 'patients:read'),
  },
  {
    name: 'own_access',
    to: addresses.own_access,
    sign: 'eye',
    isFor: (user) => isPatient(user) && may(user, 'audit:read'),
  },
  {
    name: 'figures',
    to: addresses.dashboard,
    sign: 'chart',
    // Doctors hold it for their own figures.
    isFor: ({ permissions }) => permissions.includes('analytics:read'),
  },
  { name: 'administration', to: addresses.users, sign: 'people', isFor: (user) => may(user, 'users:read') },
  {
    name: 'administration',
    to: addresses.resources,
    sign: 'people',
    isFor: (user) => may(user, 'resources:write') && !may(user, 'users:read'),
  },
  { name: 'operation', to: addresses.jobs, sign: 'pulse', isFor: (user) => may(user, 'operation:read') },
  {
    name: 'oversight',
    to: addresses.audit,
    sign: 'eye',
    // Patients see who saw their own record elsewhere.
    isFor: (user) => may(user, 'audit:review') || user.permissions.includes('audit:read'),
  },
]

/** The first of them is where somebody begins. */
export function placesOf(user: CurrentUser): Place[] {
  return places.filter(({ isFor }) => isFor(user))
}
