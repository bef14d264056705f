import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden, invalidRequest, notFound, Problem, stale } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { makeResource } from '../resources/ward.testing.ts'
import { appointmentApi, pastCutOff } from './appointment.contract.ts'
import { makePatient, mondayAt, overlaps } from './hospital.testing.ts'
import {
  type Conflict,
  type Series,
  seriesApi,
  type SeriesChange,
  seriesConflicts,
  seriesOver,
} from './series.contract.ts'

let api: TestApi
let staff: Person
before(async () => {
  api = await startTestApi()
  staff = await api.person('staff')
})
after(() => api[Symbol.asyncDispose]())

const aDoctor = async () => (await api.person('doctor', { doctor: true })).doctor_id ?? ''
type More = { patient_id?: string; rrule?: string; appointment_time?: string; resource_ids?: string[]; reason?: string }
async function aSeries(more: More = {}, doctor?: string): Promise<Series> {
  const doctor_id = doctor ?? (await aDoctor())
  const patient_id = more.patient_id ?? (await makePatient(api))
  const body = { doctor_id, appointment_time: mondayAt('09:00'), rrule: 'FREQ=WEEKLY;COUNT=4', ...more, patient_id }
  return staff.call(seriesApi.book, { body })
}
const change = (id: string, body: SeriesChange, by = staff) =>
  by.call(seriesApi.change, { params: { series_id: id }, body })
const startsOf = ({ occurrences }: Series) => occurrences.map(({ appointment_time }) => appointment_time)
const statusesOf = ({ occurrences }: Series) => occurrences.map(({ status }) => status)
const idOf = ({ occurrences }: Series, occurrence: number) => occurrences[occurrence - 1]?.id ?? ''
const told = (id: string, type: string) =>
  api.rows(sql`
    select count(*)::int as events, (select count(*)::int from audit_logs where action = replace(${type}, 'cancelled', 'cancel')
                                       and details ->> 'series_id' = ${id}) as entries,
           (select count(*)::int from appointment_history h join appointments a on a.id = h.appointment_id
             where a.series_id = ${id} and h.from_status is not null) as history
      from events join appointments a on a.id = events.subject_id where a.series_id = ${id} and type = ${type}`)

describe('of a series', () => {
  it('a change that starts from an older state is refused, and says at which version each occurrence is', async () => {
    const series = await aSeries()
    const params = { series_id: series.id }
    const seen = { 'if-match': `"v${series.version}"` }
    const cancel = { scope: 'all', occurrence: 1, cancel: {} } as const
    await staff.call(appointmentApi.reschedule, {
      params: { appointment_id: idOf(series, 3) },
      body: { appointment_time: mondayAt('11:00', 5) },
    })
    const move = { ...cancel, cancel: undefined, move: { appointment_time: mondayAt('12:00', 3) } }
    for (const body of [cancel, move]) {
      await assert.rejects(staff.call(seriesApi.change, { params, body }, seen), (error) => {
        assert.ok(error instanceof Problem && error.kind.code === stale.code)
        const versions = (error.members['occurrences'] as { version: number }[]).map(({ version }) => version)
        assert.deepEqual(versions, [1, 1, 2, 1])
        return true
      })
    }
    const now = await staff.call(seriesApi.get, { params })
    assert.deepEqual(statusesOf(now), ['booked', 'booked', 'booked', 'booked'])
    const again = { 'if-match': `"v${now.version}"` }
    const answers = await Promise.allSettled(
      Array.from({ length: 10 }, () => staff.call(seriesApi.change, { params, body: cancel }, again)),
    )
    assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const answer of answers)
      if (answer.status === 'rejected') assert.ok(refusedWith(stale)(answer.reason), String(answer.reason))
  })

  it('one occurrence, those from it on, or all move, and each is told of by itself', async () => {
    const { id } = await aSeries()
    const one = await change(id, { scope: 'this', occurrence: 2, move: { appointment_time: mondayAt('11:00', 4) } })
    assert.deepEqual(startsOf(one), [
      mondayAt('09:00', 3),
      mondayAt('11:00', 4),
      mondayAt('09:00', 5),
      mondayAt('09:00', 6),
    ])
    const rest = await change(id, {
      scope: 'following',
      occurrence: 3,
      move: { appointment_time: mondayAt('10:00', 5) },
    })
    assert.deepEqual(startsOf(rest).slice(2), [mondayAt('10:00', 5), mondayAt('10:00', 6)])
    const all = await change(id, {
      scope: 'all',
      occurrence: 1,
      move: { appointment_time: mondayAt('14:00', 3), reason: 'Works late' },
    })
    assert.deepEqual(
      startsOf(all),
      [3, 4, 5, 6].map((week) => mondayAt('14:00', week)),
    )
    assert.deepEqual(
      all.occurrences.map(({ version }) => version),
      [2, 3, 3, 3],
    )
    assert.deepEqual(await told(id, 'appointment.rescheduled'), [{ events: 7, entries: 0, history: 7 }])
    const entries = await api.rows(
      sql`select from audit_logs where action = 'appointment.reschedule' and details ->> 'series_id' = ${id}`,
    )
    assert.equal(entries.length, 7)
    const { items } = await staff.call(appointmentApi.history, { params: { appointment_id: idOf(all, 1) } })
    assert.equal(items.at(-1)?.reason, 'Works late')
    assert.deepEqual(items.at(-1)?.to_time, mondayAt('14:00', 3))
  })

  it('each moves to the time that the next one leaves, with its room', async () => {
    const room = (await makeResource(staff, { type: 'room' })).id
    const { id } = await aSeries({ resource_ids: [room] })
    const moved = await change(id, { scope: 'all', occurrence: 1, move: { appointment_time: mondayAt('09:00', 4) } })
    assert.deepEqual(
      startsOf(moved),
      [4, 5, 6, 7].map((week) => mondayAt('09:00', week)),
    )
    const reserved = await api.rows<{ starts_at: Date }>(sql`
      select lower(during) as starts_at from resource_reservations where resource_id = ${room} and cancelled_at is null order by 1`)
    assert.deepEqual(
      reserved.map(({ starts_at }) => Temporal.Instant.fromEpochMilliseconds(+starts_at).toString()),
      startsOf(moved),
    )
    const back = await change(id, { scope: 'all', occurrence: 1, move: { appointment_time: mondayAt('09:00', 3) } })
    assert.deepEqual(
      startsOf(back),
      [3, 4, 5, 6].map((week) => mondayAt('09:00', week)),
    )
    assert.deepEqual(await overlaps(api), [])
  })

  it('another doctor takes over those that lie ahead, and sees how they recur', async () => {
    const { id, doctor_id: first } = await aSeries()
    const other = await api.person('doctor', { doctor: true })
    const { doctor_id = '' } = other
    const moved = await change(id, { scope: 'following', occurrence: 3, move: { doctor_id } })
    assert.deepEqual(
      moved.occurrences.map((one) => one.doctor_id),
      [first, first, doctor_id, doctor_id],
    )
    const shown = await other.call(seriesApi.get, { params: { series_id: id } })
    assert.deepEqual(
      shown.occurrences.map(({ occurrence }) => occurrence),
      [3, 4],
    )
    await assert.rejects(change(id, { scope: 'this', occurrence: 1, cancel: {} }, other), refusedWith(notFound))
  })

  it('none moves where one cannot, and every conflict is named with free slots', async () => {
    const series = await aSeries()
    const { id, doctor_id } = series
    for (const week of [4, 6]) {
      const body = { doctor_id, patient_id: await makePatient(api), appointment_time: mondayAt('10:00', week) }
      await staff.call(appointmentApi.book, { body })
    }
    const refused = change(id, { scope: 'all', occurrence: 1, move: { appointment_time: mondayAt('10:00', 3) } })
    const conflicts = await refused.then(
      () => assert.fail('it was moved'),
      (error: unknown) => {
        assert.ok(error instanceof Problem && error.kind.code === seriesConflicts.code)
        return error.members['conflicts'] as Conflict[]
      },
    )
    assert.deepEqual(
      conflicts.map(({ occurrence, code, nearest_slots }) => [occurrence, code, nearest_slots.length]),
      [
        [2, 'slot_taken', 5],
        [4, 'slot_taken', 5],
      ],
    )
    assert.deepEqual(await staff.call(seriesApi.get, { params: { series_id: id } }), shownOf(series))
  })

  it('what is over, begun or cancelled stays as it is', async () => {
    const series = await aSeries()
    const { id } = series
    await api.rows(
      sql`update appointments set during = tstzrange(now() - interval '2 hours', now() - interval '1 hour') where id = ${idOf(series, 1)}`,
    )
    await api.rows(sql`update appointments set status = 'checked_in' where id = ${idOf(series, 2)}`)
    await staff.call(appointmentApi.cancel, { params: { appointment_id: idOf(series, 3) }, body: undefined })
    const after_it = await change(id, { scope: 'all', occurrence: 1, cancel: { reason: 'Moves away' } })
    assert.deepEqual(statusesOf(after_it), ['booked', 'checked_in', 'cancelled', 'cancelled'])
    assert.deepEqual(
      after_it.occurrences.map(({ cancel_reason }) => cancel_reason),
      [null, null, null, 'Moves away'],
    )
    await assert.rejects(change(id, { scope: 'all', occurrence: 1, cancel: {} }), refusedWith(seriesOver))
    await assert.rejects(change(id, { scope: 'this', occurrence: 9, cancel: {} }), refusedWith(notFound))
  })

  it('all are cancelled at once, and their times are free', async () => {
    const { id, doctor_id } = await aSeries({ reason: 'Physiotherapy' })
    const cancelled = await change(id, { scope: 'following', occurrence: 2, cancel: { reason: 'Is well' } })
    assert.deepEqual(statusesOf(cancelled), ['booked', 'cancelled', 'cancelled', 'cancelled'])
    assert.deepEqual(await told(id, 'appointment.cancelled'), [{ events: 3, entries: 3, history: 3 }])
    assert.equal(cancelled.occurrences[1]?.reason, 'Physiotherapy')
    const again = await aSeries({ appointment_time: mondayAt('09:00', 4), rrule: 'FREQ=WEEKLY;COUNT=3' }, doctor_id)
    assert.equal(again.occurrences.length, 3)
  })

  it('details change where they differ', async () => {
    const { id } = await aSeries({ reason: 'Physiotherapy' })
    await change(id, { scope: 'this', occurrence: 2, details: { notes: 'By the window', priority: 'urgent' } })
    const all = await change(id, { scope: 'all', occurrence: 2, details: { notes: 'By the window' } })
    assert.deepEqual(
      all.occurrences.map(({ notes, reason, priority, version }) => ({ notes, reason, priority, version })),
      ['routine', 'urgent', 'routine', 'routine'].map((priority) => {
        return { notes: 'By the window', reason: 'Physiotherapy', priority, version: 2 }
      }),
    )
  })

  it('an occurrence is moved and cancelled by itself as any appointment', async () => {
    const series = await aSeries()
    const moved = await staff.call(appointmentApi.reschedule, {
      params: { appointment_id: idOf(series, 2) },
      body: { appointment_time: mondayAt('13:00', 4) },
    })
    assert.deepEqual([moved.series_id, moved.occurrence], [series.id, 2])
    await staff.call(appointmentApi.cancel, { params: { appointment_id: idOf(series, 3) }, body: undefined })
    const now = await staff.call(seriesApi.get, { params: { series_id: series.id } })
    assert.deepEqual(startsOf(now)[1], mondayAt('13:00', 4))
    assert.deepEqual(statusesOf(now), ['booked', 'booked', 'cancelled', 'booked'])
  })

  it('patients change their own only, until a day before each, and neither kind nor priority', async () => {
    const patient_id = await makePatient(api)
    const patient = await api.person('patient', { patient_id })
    const other = await api.person('patient', { patient_id: await makePatient(api) })
    const series = await aSeries({ patient_id })
    const { id } = series
    await assert.rejects(change(id, { scope: 'all', occurrence: 1, cancel: {} }, other), refusedWith(notFound))
    await assert.rejects(
      change(id, { scope: 'all', occurrence: 1, details: { priority: 'urgent' } }, patient),
      refusedWith(forbidden),
    )
    await api.rows(
      sql`update appointments set during = tstzrange(now() + interval '23 hours', now() + interval '24 hours') where id = ${idOf(series, 1)}`,
    )
    await assert.rejects(change(id, { scope: 'all', occurrence: 1, cancel: {} }, patient), refusedWith(pastCutOff))
    await assert.rejects(
      change(id, { scope: 'all', occurrence: 2, move: { appointment_time: mondayAt('10:00', 4) } }, patient),
      refusedWith(pastCutOff),
    )
    const later = await change(id, { scope: 'following', occurrence: 2, cancel: {} }, patient)
    assert.deepEqual(statusesOf(later), ['booked', 'cancelled', 'cancelled', 'cancelled'])
  })

  it('is cancelled by nobody whose role does not allow cancelling', async () => {
    await api.rows(sql`
      insert into roles (name, permissions, mfa)
      values ('mover', array['appointments:create', 'appointments:read', 'appointments:update', 'patients:find'], 'default')`)
    const mover = await api.person('mover')
    const { id } = await aSeries()
    await assert.rejects(change(id, { scope: 'all', occurrence: 1, cancel: {} }, mover), refusedWith(forbidden))
    const move = { appointment_time: mondayAt('10:00', 3) }
    const moved = await change(id, { scope: 'this', occurrence: 1, move }, mover)
    assert.deepEqual(statusesOf(moved), ['booked', 'booked', 'booked', 'booked'])
  })

  it('is not moved to a doctor who is none, or does not work', async () => {
    const series = await aSeries()
    const away = await aDoctor()
    await api.rows(sql`update doctors set is_active = false, version = version + 1 where id = ${away}`)
    for (const doctor_id of [crypto.randomUUID(), away]) {
      const move = change(series.id, { scope: 'all', occurrence: 1, move: { doctor_id } })
      await assert.rejects(move, refusedWith(notFound))
    }
    assert.deepEqual(await staff.call(seriesApi.get, { params: { series_id: series.id } }), shownOf(series))
  })

  it('keeps what is noted of it through changes by whom the record of the patient is out of reach', async () => {
    // The doctor works in another department by now: that one is related to the appointments, and not to the patient.
    const doctor_id = await aDoctor()
    const [noted, plain] = [
      await aSeries({ reason: 'Physiotherapy' }, doctor_id),
      await aSeries({ appointment_time: mondayAt('10:00') }, doctor_id),
    ]
    const department_id = await api.department()
    await api.rows(sql`update doctors set department_id = ${department_id} where id = ${doctor_id}`)
    const nurse = await api.person('nurse', { department_id })
    const note = { scope: 'all', occurrence: 1, details: { notes: 'By the window' } } as const
    await assert.rejects(change(noted.id, note, nurse), refusedWith(forbidden))
    for (const { id } of [noted, plain])
      await change(id, { scope: 'all', occurrence: 1, details: { priority: 'urgent' } }, nurse)
    const move = { appointment_time: mondayAt('12:00', 3) }
    for (const reasoned of [{ move: { ...move, reason: 'Works late' } }, { cancel: { reason: 'Called off' } }]) {
      await assert.rejects(
        change(noted.id, { scope: 'all', occurrence: 1, ...reasoned }, nurse),
        refusedWith(forbidden),
      )
    }
    await change(noted.id, { scope: 'all', occurrence: 1, move }, nurse)
    for (const { id } of [noted, plain]) await change(id, { scope: 'following', occurrence: 3, cancel: {} }, nurse)
    const after_it = await staff.call(seriesApi.get, { params: { series_id: noted.id } })
    assert.deepEqual(
      after_it.occurrences.map(({ status, reason, priority }) => [status, reason, priority]),
      ['booked', 'booked', 'cancelled', 'cancelled'].map((status) => [status, 'Physiotherapy', 'urgent']),
    )
    const keys = await api.rows(
      sql`select key_id is null as none, count(*)::int from appointments where series_id in (${noted.id}, ${plain.id}) group by 1 order by 1`,
    )
    assert.deepEqual(keys, [
      { none: false, count: 4 },
      { none: true, count: 4 },
    ])
  })

  it('a change says what to change, and one thing only', async () => {
    const { id } = await aSeries()
    for (const body of [
      { scope: 'all', occurrence: 1 },
      { scope: 'all', occurrence: 1, move: {} },
      { scope: 'all', occurrence: 1, cancel: {}, details: {} },
    ] as SeriesChange[]) {
      await assert.rejects(change(id, body), refusedWith(invalidRequest))
    }
  })
})

function shownOf(series: Series) {
  const { skipped: _, ...shown } = series as Series & { skipped: unknown }
  return shown
}
