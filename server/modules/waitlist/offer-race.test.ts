import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { appointmentApi } from '../appointments/appointment.contract.ts'
import { makePatient, makePatients, mondayAt, overlaps } from '../appointments/hospital.testing.ts'
import { refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { endWhatIsOver } from './offering.ts'
import { noOffer } from './waitlist.contract.ts'
import { openDesk, relayFreed } from './waitlist.testing.ts'

let api: TestApi
let desk: Awaited<ReturnType<typeof openDesk>>
before(async () => {
  api = await startTestApi()
  desk = await openDesk(api)
})
after(() => api[Symbol.asyncDispose]())

async function offered() {
  const doctor_id = await desk.doctor()
  const entry = await desk.wait(doctor_id)
  await desk.free(doctor_id, mondayAt('09:00'))
  await relayFreed(api)
  return { ...entry, doctor_id }
}
const standing = (doctor_id: string) =>
  api.rows(sql<{ status: string; patient_id: string | null }>`
    select status, patient_id from appointments where doctor_id = ${doctor_id} and status <> 'cancelled'`)

describe('a race', () => {
  it('of twenty who accept one offer at once makes one appointment', async () => {
    const entry = await offered()
    const answers = await Promise.allSettled(Array.from({ length: 20 }, () => desk.accept(entry.id)))
    assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const answer of answers)
      if (answer.status === 'rejected') assert.ok(refusedWith(noOffer)(answer.reason), String(answer.reason))
    const traces = await api.rows(sql<{ what: string }>`
      select 'appointment' as what from appointments where doctor_id = ${entry.doctor_id} and status = 'booked'
      union all select action from audit_logs where patient_id = ${entry.patient_id} and action in ('waitlist.accept', 'appointment.book') and outcome = 'success'
      union all select type from events where patient_id = ${entry.patient_id} and type in ('waitlist.booked', 'appointment.booked')`)
    assert.deepEqual(traces.map(({ what }) => what).sort(), [
      'appointment',
      'appointment.book',
      'appointment.booked',
      'waitlist.accept',
      'waitlist.booked',
    ])
  })

  it('of accepting, declining, withdrawing and the end of the offer has one outcome, and the time is never lost', async () => {
    const outcomes = new Set<string>()
    for (let round = 0; round < 12; round += 1) {
      const entry = await offered()
      const next = await desk.wait(entry.doctor_id)
      const ways = [
        () => desk.accept(entry.id),
        () => desk.decline(entry.id),
        () => desk.withdraw(entry.id),
        async () => {
          await desk.passTime(entry.id)
          await endWhatIsOver(api.database)
        },
      ]
      const first = round % ways.length
      await Promise.allSettled([...ways.slice(first), ...ways.slice(0, first)].map(async (way) => way()))
      await endWhatIsOver(api.database)
      await relayFreed(api)
      const { status, appointment_id } = await desk.entry(entry.id)
      const rows = await standing(entry.doctor_id)
      assert.equal(rows.length, 1, `${status}: ${JSON.stringify(rows)}`)
      const isTheirs = rows[0]?.patient_id === entry.patient_id
      assert.equal(isTheirs, appointment_id !== null)
      assert.equal(rows[0]?.status, isTheirs ? 'booked' : 'held')
      if (!isTheirs) assert.equal((await desk.entry(next.id)).status, 'offered')
      outcomes.add(isTheirs ? 'accepted' : 'handed on')
    }
    assert.ok(outcomes.size > 0)
  })

  it('of an offer that has just ended with the answer to it is lost by the answer', async () => {
    const entry = await offered()
    await desk.passTime(entry.id)
    const answers = await Promise.allSettled([
      ...Array.from({ length: 5 }, () => desk.accept(entry.id)),
      endWhatIsOver(api.database),
      ...Array.from({ length: 5 }, () => desk.accept(entry.id)),
    ])
    assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.deepEqual(
      (await standing(entry.doctor_id)).map(({ status }) => status),
      ['held'],
    )
  })

  it('of bookings with the offer gives the time to one of them, and an offer that was made is kept', async () => {
    for (let round = 0; round < 6; round += 1) {
      const doctor_id = await desk.doctor()
      const entry = await desk.wait(doctor_id)
      await desk.free(doctor_id, mondayAt('09:00'))
      const patients = await makePatients(api, 8)
      const book = (patient_id: string) =>
        desk.staff.call(appointmentApi.book, { body: { doctor_id, patient_id, appointment_time: mondayAt('09:00') } })
      const relayed = relayFreed(api)
      const booked = await Promise.allSettled(patients.map(book))
      await relayed
      const won = booked.filter(({ status }) => status === 'fulfilled').length
      const { status } = await desk.entry(entry.id)
      assert.deepEqual([won, status], won === 1 ? [1, 'waiting'] : [0, 'offered'])
      if (won === 0) assert.equal((await desk.accept(entry.id)).status, 'booked')
      assert.equal((await standing(doctor_id)).length, 1)
    }
  })

  it('of four relays offers each freed time once, to another patient each', async () => {
    const doctors = await Promise.all(Array.from({ length: 6 }, () => desk.doctor('rheumatology')))
    const times = ['09:00', '09:30', '10:00', '10:30'].map((time) => mondayAt(time))
    const freed = doctors.flatMap((doctor_id) => times.map((time) => ({ doctor_id, time })))
    const waiting = await Promise.all(
      Array.from({ length: 30 }, () => desk.wait('', { specialization: 'rheumatology' })),
    )
    await Promise.all(freed.map(async ({ doctor_id, time }) => desk.free(doctor_id, time, await makePatient(api))))
    await relayFreed(api, 4)
    const offers = await api.rows(sql<{ entry_id: string; place: string; status: string }>`
      select o.entry_id, o.doctor_id || ' ' || lower(o.during) as place, a.status from waitlist_offers o join appointments a on a.id = o.id
       where o.status = 'open' and o.doctor_id = any (${doctors}::uuid[])`)
    assert.equal(offers.length, freed.length)
    assert.equal(new Set(offers.map(({ entry_id }) => entry_id)).size, freed.length)
    assert.equal(new Set(offers.map(({ place }) => place)).size, freed.length)
    assert.ok(offers.every(({ status }) => status === 'held'))
    const first = waiting.slice(0, freed.length).map(({ patient_id }) => patient_id)
    assert.equal(first.length, freed.length)
    await Promise.all(offers.map(({ entry_id }) => desk.accept(entry_id)))
  })

  it('leaves nothing taken twice', async () => assert.deepEqual(await overlaps(api), []))
})
