// The words of every e-mail, in each language. Plain text; no clinical detail, no doctor or department (they tell the illness), and
// no name: whoever registers with another's address must not choose words that we send there.
import { remember } from '#platform/remember.ts'

export type MailLanguage = 'en' | 'es'

export type MailText = { subject: string; text: string }

/** `hospital` is the configured name, `timezone` an IANA zone, instants are RFC 3339. */
type Base = { hospital: string }
type Link = Base & { link: string; expires_at: string; timezone: string }
type Event = Base & { happened_at: string; timezone: string; link: string }
type Booking = Base & { confirmation_code: string; appointment_time: string; timezone: string; link: string }

export type MailTemplates = {
  invitation: Link
  password_reset: Link
  registration_verification: Link
  /** To the owner of an address that someone tried to register again. */
  registration_repeated: Base & { link: string }
  /** Of an address that an account is to move to. */
  address_verification: Link
  /** To the owner of an address that another account was to move to. */
  address_known: Base & { link: string }
  /** To the address that the account has until the new one is proven. */
  address_change_requested: Event
  /** To the address that the account had before the change. */
  account_changed: Event & { what: 'email' | 'password' | 'mfa' }
  sign_in_locked: Event
  /** To the administrators. Who and whose record is in the audit trail, behind the link. */
  emergency_access: Event
  emergency_copy_opened: Event
  /** To those who review activity. What was found and of whom is behind the link. */
  activity_findings: Base & { count: number; link: string }
  appointment_confirmed: Booking
  appointment_changed: Booking
  appointment_cancelled: Booking
  appointment_reminder: Booking
  /** A time that became free, which nobody else can book until then. */
  waitlist_offer: Link & { appointment_time: string }
}

export type MailTemplate = keyof MailTemplates

type Texts = { [Name in MailTemplate]: (data: MailTemplates[Name]) => [subject: string, ...lines: string[]] }

const english: Texts = {
  invitation: ({ hospital, link, ...until }) => [
    `Your invitation to ${hospital}`,
    `An account was made for you at ${hospital}. Choose your password here:`,
    link,
    `The link works once, until ${moment(until.expires_at, until.timezone, 'en')}.`,
    'If you did not expect this message, ignore it.',
  ],
  password_reset: ({ hospital, link, ...until }) => [
    'Choose a new password',
    `Someone, probably you, asked for a new password at ${hospital}. Choose it here:`,
    link,
    `The link works once, until ${moment(until.expires_at, until.timezone, 'en')}.`,
    'If it was not you, ignore this message: your password stays as it is.',
  ],
  registration_verification: ({ hospital, link, ...until }) => [
    'Confirm your e-mail address',
    `This address was given to register at ${hospital}. Confirm it here:`,
    link,
    `The link works once, until ${moment(until.expires_at, until.timezone, 'en')}.`,
    'If it was not you, ignore this message.',
  ],
  registration_repeated: ({ hospital, link }) => [
    'You already have an account',
    `Someone, probably you, tried to register at ${hospital} with this address, which has an account already.`,
    `Sign in, or ask for a new password, here: ${link}`,
    'If it was not you, ignore this message: nothing was changed.',
  ],
  address_verification: ({ hospital, link, ...until }) => [
    'Confirm your new e-mail address',
    `This address was given for an account at ${hospital}. Confirm it here:`,
    link,
    `The link works once, until ${moment(until.expires_at, until.timezone, 'en')}.`,
    'If it was not you, ignore this message.',
  ],
  address_known: ({ hospital, link }) => [
    'Your address was given for another account',
    `Someone, probably you, gave this address for an account at ${hospital}. It belongs to an account already.`,
    `Sign in, or ask for a new password, here: ${link}`,
    'If it was not you, ignore this message: nothing was changed.',
  ],
  address_change_requested: ({ hospital, happened_at, timezone, link }) => [
    'Another e-mail address was asked for',
    `Another e-mail address was given for your account at ${hospital} on ${moment(happened_at, timezone, 'en')}. It counts once it is confirmed.`,
    `If it was not you, tell the hospital at once and look at your sessions: ${link}`,
  ],
  account_changed: ({ hospital, what, happened_at, timezone, link }) => [
    'Your account was changed',
    `${changed.en[what]} of your account at ${hospital} was changed on ${moment(happened_at, timezone, 'en')}.`,
    `If it was not you, tell the hospital at once and look at your sessions: ${link}`,
  ],
  sign_in_locked: ({ hospital, happened_at, timezone, link }) => [
    'Several failed attempts to sign in',
    `There were several wrong passwords for your account at ${hospital}, the last on ${moment(happened_at, timezone, 'en')}.`,
    'Signing in from a new device has to wait for up to an hour. A device that you used before still works.',
    `If it was not you, look at the recent attempts: ${link}`,
  ],
  emergency_access: ({ hospital, happened_at, timezone, link }) => [
    'Emergency access to a record',
    `A record at ${hospital} was opened by emergency access on ${moment(happened_at, timezone, 'en')}. Please review it:`,
    link,
  ],
  emergency_copy_opened: ({ hospital, happened_at, timezone, link }) => [
    'An emergency copy was opened',
    `A list of who is at ${hospital} and what they are given was opened with the break-glass key on ${moment(happened_at, timezone, 'en')}.`,
    `The audit log says by whom, why, and whose records it showed. Please review it: ${link}`,
  ],
  activity_findings: ({ hospital, count, link }) => [
    'Unusual access to records',
    `The audit log of ${hospital} shows unusual access to records. New findings that wait for a review: ${count}.`,
    link,
  ],
  appointment_confirmed: ({ hospital, confirmation_code, appointment_time, timezone, link }) => [
    `Appointment ${confirmation_code} is booked`,
    `Your appointment at ${hospital}: ${moment(appointment_time, timezone, 'en')}.`,
    `Confirmation code: ${confirmation_code}`,
    `See, move or cancel it here: ${link}`,
  ],
  appointment_changed: ({ hospital, confirmation_code, appointment_time, timezone, link }) => [
    `Appointment ${confirmation_code} has a new time`,
    `Your appointment at ${hospital} is now: ${moment(appointment_time, timezone, 'en')}.`,
    `See, move or cancel it here: ${link}`,
  ],
  appointment_cancelled: ({ hospital, confirmation_code, appointment_time, timezone, link }) => [
    `Appointment ${confirmation_code} is cancelled`,
    `Your appointment at ${hospital} on ${moment(appointment_time, timezone, 'en')} does not take place.`,
    `Book another one here: ${link}`,
  ],
  appointment_reminder: ({ hospital, confirmation_code, appointment_time, timezone, link }) => [
    `Reminder of appointment ${confirmation_code}`,
    `Your appointment at ${hospital}: ${moment(appointment_time, timezone, 'en')}.`,
    `If you cannot come, please move or cancel it here: ${link}`,
  ],
  waitlist_offer: ({ hospital, appointment_time, expires_at, timezone, link }) => [
    'A time has become free for you',
    `You are on the waitlist of ${hospital}. This time has become free: ${moment(appointment_time, timezone, 'en')}.`,
    `It is kept for you until ${moment(expires_at, timezone, 'en')}. Take it or leave it to the next person here:`,
    link,
    'If you do not answer, it goes to the next person, and you stay on the waitlist.',
  ],
}

const spanish: Texts = {
  invitation: ({ hospital, link, ...until }) => [
    `Su invitación a ${hospital}`,
    `Se ha creado una cuenta para usted en ${hospital}. Elija aquí su contraseña:`,
    link,
    `El enlace sirve una sola vez, hasta el ${moment(until.expires_at, until.timezone, 'es')}.`,
    'Si no esperaba este mensaje, ignórelo.',
  ],
  password_reset: ({ hospital, link, ...until }) => [
    'Elija una contraseña nueva',
    `Alguien, probablemente usted, ha pedido una contraseña nueva en ${hospital}. Elíjala aquí:`,
    link,
    `El enlace sirve una sola vez, hasta el ${moment(until.expires_at, until.timezone, 'es')}.`,
    'Si no ha sido usted, ignore este mensaje: su contraseña no cambia.',
  ],
  registration_verification: ({ hospital, link, ...until }) => [
    'Confirme su correo electrónico',
    `Se ha dado esta dirección para registrarse en ${hospital}. Confírmela aquí:`,
    link,
    `El enlace sirve una sola vez, hasta el ${moment(until.expires_at, until.timezone, 'es')}.`,
    'Si no ha sido usted, ignore este mensaje.',
  ],
  registration_repeated: ({ hospital, link }) => [
    'Ya tiene una cuenta',
    `Alguien, probablemente usted, ha intentado registrarse en ${hospital} con esta dirección, que ya tiene una cuenta.`,
    `Inicie sesión o pida una contraseña nueva aquí: ${link}`,
    'Si no ha sido usted, ignore este mensaje: no se ha cambiado nada.',
  ],
  address_verification: ({ hospital, link, ...until }) => [
    'Confirme su nuevo correo electrónico',
    `Se ha dado esta dirección para una cuenta en ${hospital}. Confírmela aquí:`,
    link,
    `El enlace sirve una sola vez, hasta el ${moment(until.expires_at, until.timezone, 'es')}.`,
    'Si no ha sido usted, ignore este mensaje.',
  ],
  address_known: ({ hospital, link }) => [
    'Se ha dado su dirección para otra cuenta',
    `Alguien, probablemente usted, ha dado esta dirección para una cuenta en ${hospital}. Ya pertenece a una cuenta.`,
    `Inicie sesión o pida una contraseña nueva aquí: ${link}`,
    'Si no ha sido usted, ignore este mensaje: no se ha cambiado nada.',
  ],
  address_change_requested: ({ hospital, happened_at, timezone, link }) => [
    'Se ha pedido otra dirección de correo',
    `Se ha dado otra dirección de correo para su cuenta en ${hospital} el ${moment(happened_at, timezone, 'es')}. Valdrá cuando se confirme.`,
    `Si no ha sido usted, avise enseguida al hospital y revise sus sesiones: ${link}`,
  ],
  account_changed: ({ hospital, what, happened_at, timezone, link }) => [
    'Se ha modificado su cuenta',
    `Se ha cambiado ${changed.es[what]} de su cuenta en ${hospital} el ${moment(happened_at, timezone, 'es')}.`,
    `Si no ha sido usted, avise enseguida al hospital y revise sus sesiones: ${link}`,
  ],
  sign_in_locked: ({ hospital, happened_at, timezone, link }) => [
    'Varios intentos fallidos de iniciar sesión',
    `Hubo varias contraseñas erróneas para su cuenta en ${hospital}, la última el ${moment(happened_at, timezone, 'es')}.`,
    'Desde un dispositivo nuevo hay que esperar hasta una hora. Un dispositivo que ya usó sigue funcionando.',
    `Si no ha sido usted, revise los últimos intentos: ${link}`,
  ],
  emergency_access: ({ hospital, happened_at, timezone, link }) => [
    'Acceso de emergencia a una historia',
    `En ${hospital} se abrió una historia por acceso de emergencia el ${moment(happened_at, timezone, 'es')}. Revíselo:`,
    link,
  ],
  emergency_copy_opened: ({ hospital, happened_at, timezone, link }) => [
    'Se abrió una copia de emergencia',
    `Una lista de quién está en ${hospital} y qué se le administra se abrió con la clave de emergencia el ${moment(happened_at, timezone, 'es')}.`,
    `El registro de auditoría dice quién la abrió, por qué y qué historias mostró. Revíselo: ${link}`,
  ],
  activity_findings: ({ hospital, count, link }) => [
    'Accesos inusuales a historias',
    `El registro de auditoría de ${hospital} muestra accesos inusuales a historias. Hallazgos nuevos por revisar: ${count}.`,
    link,
  ],
  appointment_confirmed: ({ hospital, confirmation_code, appointment_time, timezone, link }) => [
    `La cita ${confirmation_code} está reservada`,
    `Su cita en ${hospital}: ${moment(appointment_time, timezone, 'es')}.`,
    `Código de confirmación: ${confirmation_code}`,
    `Véala, cámbiela o cancélela aquí: ${link}`,
  ],
  appointment_changed: ({ hospital, confirmation_code, appointment_time, timezone, link }) => [
    `La cita ${confirmation_code} tiene otra hora`,
    `Su cita en ${hospital} es ahora: ${moment(appointment_time, timezone, 'es')}.`,
    `Véala, cámbiela o cancélela aquí: ${link}`,
  ],
  appointment_cancelled: ({ hospital, confirmation_code, appointment_time, timezone, link }) => [
    `La cita ${confirmation_code} está cancelada`,
    `Su cita en ${hospital} del ${moment(appointment_time, timezone, 'es')} no tendrá lugar.`,
    `Reserve otra aquí: ${link}`,
  ],
  appointment_reminder: ({ hospital, confirmation_code, appointment_time, timezone, link }) => [
    `Recordatorio de la cita ${confirmation_code}`,
    `Su cita en ${hospital}: ${moment(appointment_time, timezone, 'es')}.`,
    `Si no puede venir, cámbiela o cancélela aquí: ${link}`,
  ],
  waitlist_offer: ({ hospital, appointment_time, expires_at, timezone, link }) => [
    'Ha quedado libre una hora para usted',
    `Usted está en la lista de espera de ${hospital}. Ha quedado libre esta hora: ${moment(appointment_time, timezone, 'es')}.`,
    `Se le guarda hasta el ${moment(expires_at, timezone, 'es')}. Acéptela o déjela a la siguiente persona aquí:`,
    link,
    'Si no responde, pasa a la siguiente persona y usted sigue en la lista de espera.',
  ],
}

const changed = {
  en: { email: 'The e-mail address', password: 'The password', mfa: 'The second factor' },
  es: { email: 'la dirección de correo', password: 'la contraseña', mfa: 'el segundo factor' },
} as const

const languages: Record<MailLanguage, Texts> = { en: english, es: spanish }

export const mailLanguages: readonly MailLanguage[] = ['en', 'es']

/** The language of the text for a person who prefers `preferred` (BCP 47, as `es-MX`); English where we do not have it. */
export function mailLanguage(preferred: string | null | undefined): MailLanguage {
  const [wanted] = (preferred ?? '').toLowerCase().split('-')
  return mailLanguages.find((language) => language === wanted) ?? 'en'
}

export function renderMail<Name extends MailTemplate>(
  name: Name,
  language: MailLanguage,
  data: MailTemplates[Name],
): MailText {
  const [subject, ...lines] = languages[language][name](data)
  return { subject, text: `${lines.join('\n\n')}\n` }
}

/** A moment as a person at that place reads it, with its zone: `Tuesday, December 1, 2026 at 9:00 AM EST`. */
function moment(instant: string, timezone: string, language: MailLanguage): string {
  return clockOf(timezone, language).format(Date.parse(instant))
}

/** One takes about a millisecond to make, and every booking tells of a moment. */
const clocks = new Map<string, Intl.DateTimeFormat>()
const mostClocks = 200

function clockOf(timezone: string, language: MailLanguage): Intl.DateTimeFormat {
  const name = `${language} ${timezone}`
  const known = clocks.get(name)
  if (known) return known
  const clock = new Intl.DateTimeFormat(language, {
    timeZone: timezone,
    weekday: 'long',
    year: 'numeric',
    month: 'long',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZoneName: 'short',
  })
  remember(clocks, name, clock, mostClocks)
  return clock
}
