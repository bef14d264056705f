// Every address of the console. The server shows the page at these and at no other: an address that is none stays a 404.

/** A `$name` is one word of the address. Nothing that tells who somebody is may stand in one: addresses are kept in many places. */
export const addresses = {
  /** Leads everyone to the first of their own places. */
  start: '/',
  reception: '/reception',
  calendar: '/calendar',
  register_patient: '/patients/new',
  patient: '/patients/$patient_id',
  book: '/patients/$patient_id/book',
  beds: '/beds',
  doctors: '/doctors',
  doctor: '/doctors/$doctor_id',
  own_appointments: '/appointments',
  own_booking: '/appointments/book',
  waitlist: '/waitlist',
  own_record: '/my-record',
  own_access: '/my-record/access',
  register_account: '/register',
  today: '/today',
  chart: '/patients/$patient_id/chart',
  visit: '/visits/$visit_id',
  radiology: '/radiology/$assessment_id',
  prescribe: '/patients/$patient_id/prescribe',
  prescription: '/prescriptions/$prescription_id',
  sessions: '/account/sessions',
  password: '/account/password',
  // These are in mails, too: server/modules/identity/links.ts.
  sign_in: '/sign-in',
  forgot_password: '/forgot-password',
  reset_password: '/reset-password',
  invitation: '/invitation',
  verify_email: '/verify-email',
} as const

/** As the server's router writes them. */
export const servedAddresses = Object.values(addresses).map((address) => address.replaceAll('$', ':'))
