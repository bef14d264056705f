// What the form of a registration holds while it is typed, and what becomes of it when it is sent.
import type { NewPatient } from '#contracts/patients/patient'

export const registrationDraft = 'register-patient'

export const emptyRegistration = {
  first_name: '',
  middle_name: '',
  last_name: '',
  date_of_birth: '',
  gender: '' as '' | 'FEMALE' | 'MALE' | 'OTHER' | 'UNKNOWN',
  phone_primary: '',
  email: '',
  ssn: '',
  national_id: '',
  preferred_language: '',
}
export type Registration = typeof emptyRegistration

/** What was left empty is not sent: what must be there, the server says. */
export function registrationBody(typed: Registration, force: boolean): NewPatient {
  const given = Object.entries(typed).filter(([, text]) => text.trim() !== '')
  return { ...(Object.fromEntries(given) as Partial<Registration>), ...(force ? { force } : {}) } as NewPatient
}
