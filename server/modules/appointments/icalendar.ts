// An appointment as an event of iCalendar (RFC 5545). The same UID and a growing SEQUENCE, so that a change updates the event that is
// there. No clinical detail and no doctor: calendars are shared.
import type { Configuration } from '#platform/configuration.ts'
import { mailLanguage } from '#platform/mail/templates.ts'
import ical, { ICalCalendarMethod, ICalEventStatus } from 'ical-generator'

export type CalendarAppointment = {
  id: string
  confirmation_code: string
  appointment_time: string
  duration_minutes: number
  is_cancelled: boolean
  version: number
  updated_at: string
}

export type CalendarOf = {
  hospital: string
  /** Of the installation: with the id it names the event in the whole world. */
  host: string
  language: 'en' | 'es'
  /** Where the person sees and changes the appointment. */
  link: string
  /** For a message between two people (iTIP, RFC 5546); a feed has neither. */
  between?: { organizer: string; attendee: string }
}

const words = {
  en: { appointment: 'Appointment', code: 'Confirmation code' },
  es: { appointment: 'Cita', code: 'Código de confirmación' },
} as const

/** What an event says of the hospital: the same in a mail, a file and a calendar, so that each updates what another one made. */
export function calendarOf(
  { mail_from, public_url, language }: Configuration,
  preferred_language: string | null,
): CalendarOf & { sender: string } {
  const [, name = '', sender = mail_from] = /^\s*"?([^"<>]*?)"?\s*<([^<>]+)>\s*$/.exec(mail_from) ?? []
  return {
    hospital: name || 'OpenWard',
    host: new URL(public_url).hostname,
    language: mailLanguage(preferred_language ?? language),
    link: new URL('/appointments', public_url).href,
    sender,
  }
}

/** The text of a calendar with these appointments. */
export function calendarText(appointments: readonly CalendarAppointment[], of: CalendarOf): string {
  const { hospital, host, language, link, between } = of
  const calendar = ical({ prodId: { company: 'OpenWard', product: 'OpenWard', language: language.toUpperCase() } })
  if (between) {
    const isCancel = appointments.every(({ is_cancelled }) => is_cancelled)
    calendar.method(isCancel ? ICalCalendarMethod.CANCEL : ICalCalendarMethod.REQUEST)
  } else calendar.method(ICalCalendarMethod.PUBLISH)
  for (const appointment of appointments) {
    const starts_at = Temporal.Instant.from(appointment.appointment_time).epochMilliseconds
    calendar.createEvent({
      id: `${appointment.id}@${host}`,
      sequence: appointment.version,
      stamp: new Date(appointment.updated_at),
      start: new Date(starts_at),
      end: new Date(starts_at + appointment.duration_minutes * 60_000),
      summary: `${words[language].appointment}: ${hospital}`,
      description: `${words[language].code}: ${appointment.confirmation_code}`,
      url: link,
      status: appointment.is_cancelled ? ICalEventStatus.CANCELLED : ICalEventStatus.CONFIRMED,
      ...(between && {
        organizer: { name: hospital, email: between.organizer },
        attendees: [{ email: between.attendee }],
      }),
    })
  }
  return calendar.toString()
}
