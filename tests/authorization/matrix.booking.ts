// Doctors, their free slots, and appointments.
import { randomUUID } from 'node:crypto'
import { everyone, only, type Row } from './row.ts'
import { sql } from '#platform/database/sql.ts'
import { icalendarApi } from '../../server/modules/appointments/icalendar.contract.ts'
import { nextSlot } from './given.ts'
import { actors, type Subject, type World } from './world.ts'

// `appointments:*`: all for admin and staff, department for nurses, own for doctors and patients.
const booked = only('own treating nurse staff admin', 'other away_doctor away_nurse')
const lists = only('own other treating away_doctor nurse away_nurse staff admin')

const profile = () => ({
  body: { specialization: 'Cardiology', license_number: randomUUID(), location: 'Main building' },
})
const held = new Map<string, string>()
/** A time for everybody, by user, that only they may give back. */
async function holdForAll({ ids, own }: Subject, { api, fixed, foreign }: World) {
  for (const { user_id } of [own, foreign.own, ...Object.values(fixed)]) {
    const id = randomUUID()
    held.set(user_id, id)
    const starts_at = nextSlot()
    await api.rows(sql`
      insert into appointments (id, confirmation_code, doctor_id, during, status, held_until, created_by)
      values (${id}, ${id}, ${ids['doctor_id']}, tstzrange(${starts_at}, ${starts_at}::timestamptz + interval '30 minutes'), 'held',
              now() + interval '5 minutes', ${user_id})`)
  }
}
const links = new Map<string, string>()
/** A link to a calendar for everybody, that only they may revoke. */
async function linkForAll({ own }: Subject, { api, fixed, foreign }: World) {
  for (const { user_id } of [own, foreign.own, ...Object.values(fixed)]) {
    const [feed] = await api.rows<{ id: string }>(sql`
      insert into calendar_feeds (user_id, shows, token_hash)
      values (${user_id}, 'own_appointments', sha256(uuidv7()::text::bytea)) returning id`)
    links.set(user_id, feed?.id ?? '')
  }
}
let calendarLink = ''
/** The link that the patient has made. */
async function linkOfPatient({ own }: Subject) {
  const { link } = await own.call(icalendarApi.makeFeed, { body: { shows: 'own_appointments' } })
  calendarLink = link.slice(link.lastIndexOf('/') + 1)
}
/** An offer that waits for an answer. */
async function offerTime({ ids }: Subject, { api }: World) {
  const [id, starts_at] = [randomUUID(), nextSlot()]
  const { patient_id, doctor_id, waitlist_entry_id } = ids
  const during = sql`tstzrange(${starts_at}::timestamptz, ${starts_at}::timestamptz + interval '30 minutes')`
  await api.rows(sql`
    insert into appointments (id, confirmation_code, patient_id, doctor_id, during, status, held_until)
    values (${id}, ${id}, ${patient_id}, ${doctor_id}, ${during}, 'held', now() + interval '1 hour')`)
  await api.rows(sql`
    insert into waitlist_offers (id, entry_id, patient_id, doctor_id, during, expires_at)
    values (${id}, ${waitlist_entry_id}, ${patient_id}, ${doctor_id}, ${during}, now() + interval '1 hour')`)
  await api.rows(sql`update waitlist_entries set status = 'offered' where id = ${waitlist_entry_id}`)
}
const waitsFrom = Temporal.Now.plainDateISO('America/New_York')
// The second occurrence lies beyond the horizon, so that it takes no time that somebody else asks for.
const shortSeries = ({ ids }: Subject) => ({
  body: {
    doctor_id: ids['doctor_id'],
    patient_id: ids['patient_id'],
    appointment_time: nextSlot(),
    rrule: 'FREQ=WEEKLY;INTERVAL=40;COUNT=2',
    skip_conflicts: true,
  },
})
const otherTime = () => ({ body: { appointment_time: nextSlot() } })

export const bookingRows: readonly Row[] = [
  // Doctors: read by all; made and changed by the administrator, and by doctors for themselves.
  { operation: 'GET /api/v1/doctors', expect: everyone },
  { operation: 'GET /api/v1/doctors/{doctor_id}', expect: everyone },
  { operation: 'GET /api/v1/doctors/{doctor_id}/slots', expect: everyone },
  { operation: 'GET /api/v1/slots', expect: everyone },
  {
    operation: 'POST /api/v1/doctors',
    expect: only('admin', 'treating away_doctor'),
    ask: ({ ids }) => ({ body: { ...profile().body, user_id: ids['new_doctor_user_id'] } }),
  },
  {
    operation: 'POST /api/v1/doctors/profile',
    expect: only('treating away_doctor admin'),
    ask: profile,
    never_succeeds: 'both doctors have a profile already',
  },
  { operation: 'GET /api/v1/doctors/profile', expect: only('treating away_doctor', 'admin') },
  { operation: 'PUT /api/v1/doctors/profile', expect: only('treating away_doctor', 'admin'), ask: profile },
  { operation: 'GET /api/v1/doctors/profiles', expect: only('treating away_doctor admin') },
  { operation: 'GET /api/v1/doctors/{doctor_id}/profile', expect: only('treating admin', 'away_doctor') },
  { operation: 'PUT /api/v1/doctors/{doctor_id}', expect: only('treating admin', 'away_doctor'), ask: profile },

  {
    operation: 'POST /api/v1/appointments',
    expect: booked,
    ask: ({ ids }) => ({
      body: { doctor_id: ids['doctor_id'], patient_id: ids['patient_id'], appointment_time: nextSlot() },
    }),
  },
  {
    operation: 'POST /api/v1/slots/holds',
    expect: booked,
    ask: ({ ids }) => ({
      body: { doctor_id: ids['doctor_id'], patient_id: ids['patient_id'], appointment_time: nextSlot() },
    }),
  },
  {
    operation: 'DELETE /api/v1/slots/holds/{hold_id}',
    expect: only('own other treating away_doctor nurse away_nurse staff admin'),
    prepare: holdForAll,
    ask: (_subject, person) => ({ params: { hold_id: held.get(person?.user_id ?? '') ?? randomUUID() } }),
  },
  {
    operation: 'DELETE /api/v1/slots/holds/{hold_id}',
    when: 'of somebody else',
    expect: only('', 'own other treating away_doctor nurse away_nurse staff admin'),
    ask: () => ({ params: { hold_id: randomUUID() } }),
  },
  { operation: 'GET /api/v1/appointments', expect: lists },
  {
    operation: 'GET /api/v1/doctors/{doctor_id}/appointments',
    expect: only('treating nurse staff admin', 'own other away_doctor away_nurse'),
  },
  {
    operation: 'GET /api/v1/appointments',
    when: 'those that are overbooked',
    expect: only('nurse away_nurse staff admin treating away_doctor'),
    ask: () => ({ query: { overbooked: 'true' } }),
  },
  { operation: 'GET /api/v1/patients/{patient_id}/appointments', expect: booked },
  { operation: 'GET /api/v1/appointments/{appointment_id}', expect: booked },
  { operation: 'GET /api/v1/appointments/{appointment_id}/history', expect: booked },
  { operation: 'GET /api/v1/appointments/{appointment_id}/calendar.ics', expect: booked },
  { operation: 'PUT /api/v1/appointments/{appointment_id}', expect: booked, ask: otherTime },
  {
    operation: 'PATCH /api/v1/appointments/{appointment_id}',
    expect: booked,
    ask: () => ({ body: { notes: 'By the window' } }),
  },
  {
    operation: 'PATCH /api/v1/appointments/{appointment_id}',
    when: 'how urgent it is',
    expect: { ...booked, own: 403 },
    ask: () => ({ body: { priority: 'urgent' } }),
  },
  { operation: 'DELETE /api/v1/appointments/{appointment_id}', expect: booked },
  { operation: 'PUT /api/v1/appointments/{appointment_id}/status', expect: booked },
  {
    operation: 'PUT /api/v1/appointments/{appointment_id}/status',
    when: 'to what only those at the desk can say',
    expect: { ...booked, own: 403 },
    ask: () => ({ body: { status: 'checked_in' } }),
    never_succeeds: 'nobody comes days before the appointment',
  },

  // A calendar to subscribe to: everyone their own, and whoever has the link.
  { operation: 'POST /api/v1/calendar-feeds', expect: lists },
  { operation: 'GET /api/v1/calendar-feeds', expect: lists },
  {
    operation: 'DELETE /api/v1/calendar-feeds/{feed_id}',
    expect: lists,
    prepare: linkForAll,
    ask: (_subject, person) => ({ params: { feed_id: links.get(person?.user_id ?? '') ?? randomUUID() } }),
  },
  {
    operation: 'DELETE /api/v1/calendar-feeds/{feed_id}',
    when: 'of somebody else',
    expect: only('', 'own other treating away_doctor nurse away_nurse staff admin'),
    ask: () => ({ params: { feed_id: randomUUID() } }),
  },
  {
    operation: 'GET /api/v1/calendars/{link}',
    expect: everyone,
    prepare: linkOfPatient,
    ask: () => ({ params: { link: calendarLink } }),
  },
  {
    operation: 'GET /api/v1/calendars/{link}',
    when: 'with a link that opens nothing',
    expect: only('', actors.join(' ')),
    ask: () => ({ params: { link: `owc_${'A'.repeat(43)}` } }),
  },
  // The waitlist: as appointments.
  { operation: 'GET /api/v1/waitlist', expect: lists },
  {
    operation: 'POST /api/v1/waitlist',
    expect: booked,
    prepare: async ({ ids }, { api }) =>
      void (await api.rows(sql`delete from waitlist_entries where id = ${ids['waitlist_entry_id']}`)),
    ask: ({ ids }) => ({
      body: {
        doctor_id: ids['doctor_id'],
        patient_id: ids['patient_id'],
        from_date: waitsFrom.toString(),
        to_date: waitsFrom.add({ days: 30 }).toString(),
      },
    }),
  },
  { operation: 'GET /api/v1/waitlist/{waitlist_entry_id}', expect: booked },
  { operation: 'DELETE /api/v1/waitlist/{waitlist_entry_id}', expect: booked },
  { operation: 'POST /api/v1/waitlist/{waitlist_entry_id}/accept', expect: booked, prepare: offerTime, entries: 2 },
  { operation: 'POST /api/v1/waitlist/{waitlist_entry_id}/decline', expect: booked, prepare: offerTime },
  { operation: 'POST /api/v1/appointments/series', expect: booked, ask: shortSeries },
  {
    operation: 'POST /api/v1/appointments/series/plan',
    expect: booked,
    ask: (subject) => {
      const { skip_conflicts: _, ...body } = shortSeries(subject).body
      return { body }
    },
  },
  { operation: 'GET /api/v1/appointments/series/{series_id}', expect: booked },
  {
    operation: 'PATCH /api/v1/appointments/series/{series_id}',
    expect: booked,
    ask: () => ({ body: { scope: 'this', occurrence: 1, details: { notes: `By the window ${randomUUID()}` } } }),
    entries: 2,
  },
  {
    operation: 'PATCH /api/v1/appointments/series/{series_id}',
    when: 'how urgent it is',
    expect: { ...booked, own: 403 },
    ask: () => ({ body: { scope: 'this', occurrence: 1, details: { priority: 'urgent' } } }),
    entries: 2,
  },
]
