import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { appointmentApi } from '../appointments/appointment.contract.ts'
import { holdApi } from '../appointments/hold.contract.ts'
import { makePatient, mondayAt, overlaps } from '../appointments/hospital.testing.ts'
import { timeOffApi } from '../appointments/time-off.contract.ts'
import { slotApi } from '../doctors/slot.contract.ts'
import { refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { endWhatIsOver } from './offering.ts'
import { noOffer, type WaitlistEntry } from './waitlist.contract.ts'
import { openDesk, relayFreed } from './waitlist.testing.ts'

let api: TestApi
let desk: Awaited<ReturnType<typeof openDesk>>
before(async () => {
  api = await startTestApi()
  desk = await openDesk(api)
})
after(() => api[Symbol.asyncDispose]())

const passOver = async ({ id }: WaitlistEntry) => {
  await desk.passTime(id)
  await endWhatIsOver(api.database)
  await relayFreed(api)
}
const isFree = async (doctor_id: string, start: string) => {
  const date = start.slice(0, 10)
  const { items } = await api.call(slotApi.listOfDoctor, { params: { doctor_id }, query: { from: date, to: date } })
  return items.some((slot) => slot.start === start)
}

describe('a cancelled time', () => {
  it('is offered to who came first, held for them, and goes to the next in line when it is declined or not answered', async () => {
    const doctor_id = await desk.doctor()
    const entries = [await desk.wait(doctor_id), await desk.wait(doctor_id), await desk.wait(doctor_id)]
    const [first, second, third] = entries as [WaitlistEntry, WaitlistEntry, WaitlistEntry]
    const time = mondayAt('09:00')
    await desk.free(doctor_id, time)
    await relayFreed(api)
    assert.deepEqual(await desk.statuses(entries), ['offered', 'waiting', 'waiting'])
    const { offer } = await desk.entry(first.id)
    assert.deepEqual([offer?.doctor_id, offer?.appointment_time, offer?.duration_minutes], [doctor_id, time, 30])
    assert.equal(await isFree(doctor_id, time), false)

    assert.equal((await desk.decline(first.id)).status, 'waiting')
    assert.equal(await isFree(doctor_id, time), false)
    await relayFreed(api)
    assert.deepEqual(await desk.statuses(entries), ['waiting', 'offered', 'waiting'])

    await passOver(second)
    assert.deepEqual(await desk.statuses(entries), ['waiting', 'waiting', 'offered'])
    const booked = await desk.accept(third.id)
    assert.deepEqual([booked.status, booked.patient_id, booked.appointment_time], ['booked', third.patient_id, time])
    assert.deepEqual(await desk.statuses(entries), ['waiting', 'waiting', 'booked'])
    assert.equal((await desk.entry(third.id)).appointment_id, booked.id)
    assert.deepEqual(
      await api.rows(
        sql`select from_status, to_status, user_id from appointment_history where appointment_id = ${booked.id}`,
      ),
      [{ from_status: 'held', to_status: 'booked', user_id: desk.staff.user_id }],
    )
  })

  it('is free for everyone when nobody in line is left', async () => {
    const doctor_id = await desk.doctor()
    const entry = await desk.wait(doctor_id)
    await desk.free(doctor_id, mondayAt('09:00'))
    await relayFreed(api)
    await desk.withdraw(entry.id)
    await relayFreed(api)
    assert.equal(await isFree(doctor_id, mondayAt('09:00')), true)
    assert.deepEqual(await desk.statuses([entry]), ['withdrawn'])
  })

  it('goes to the most urgent first, then to who came first, whoever waits for the specialization too', async () => {
    const doctor_id = await desk.doctor('nephrology')
    const routine = await desk.wait(doctor_id)
    const any = await desk.wait('', { specialization: 'Nephrology', priority: 'urgent' })
    const urgent = await desk.wait(doctor_id, { priority: 'urgent' })
    const emergency = await desk.wait(doctor_id, { priority: 'emergency' })
    await desk.free(doctor_id, mondayAt('09:00'))
    const order: string[] = []
    for (const _ of [1, 2, 3, 4]) {
      await relayFreed(api)
      const [offered] = await api.rows(
        sql<{
          id: string
        }>`select entry_id as id from waitlist_offers where doctor_id = ${doctor_id} and status = 'open'`,
      )
      order.push(offered?.id ?? '')
      await desk.decline(offered?.id ?? '')
    }
    assert.deepEqual(order, [emergency.id, any.id, urgent.id, routine.id])
  })

  const monday = () => mondayAt('09:00').slice(0, 10)
  const unsuited: [string, () => Parameters<typeof desk.wait>[1]][] = [
    ['another day', () => ({ from_date: monday(), to_date: monday(), weekdays: [2] })],
    ['after the window', () => ({ to_date: Temporal.PlainDate.from(monday()).subtract({ days: 1 }).toString() })],
    ['before the window', () => ({ from_date: Temporal.PlainDate.from(monday()).add({ days: 1 }).toString() })],
    ['too early', () => ({ from_time: '09:01' })],
    ['over too late', () => ({ to_time: '09:29' })],
    ['elsewhere', () => ({ location: 'North wing' })],
  ]
  for (const [what, terms] of unsuited) {
    it(`is not offered to whom it does not suit: ${what}`, async () => {
      const doctor_id = await desk.doctor()
      const [one, other] = [await desk.wait(doctor_id, terms()), await desk.wait(doctor_id, { location: 'main' })]
      await desk.free(doctor_id, mondayAt('09:00'))
      await relayFreed(api)
      assert.deepEqual(await desk.statuses([one, other]), ['waiting', 'offered'])
    })
  }

  it('passes over who is busy then, who gave it back, who cannot be booked and who has an offer already', async () => {
    const doctor_id = await desk.doctor()
    const [busy, giver, gone, offered, last] = [
      await desk.wait(doctor_id),
      await desk.wait(doctor_id),
      await desk.wait(doctor_id),
      await desk.wait(doctor_id, { priority: 'urgent' }),
      await desk.wait(doctor_id),
    ]
    await desk.free(doctor_id, mondayAt('15:00'))
    await relayFreed(api)
    await desk.staff.call(appointmentApi.book, {
      body: {
        doctor_id: await desk.doctor(),
        patient_id: busy.patient_id,
        appointment_time: mondayAt('09:00'),
      },
    })
    await api.rows(sql`update patients set is_active = false where id = ${gone.patient_id}`)
    await desk.free(doctor_id, mondayAt('09:00'), giver.patient_id)
    await relayFreed(api)
    assert.deepEqual(await desk.statuses([busy, giver, gone, offered, last]), [
      'waiting',
      'waiting',
      'waiting',
      'offered',
      'offered',
    ])
    assert.equal((await desk.entry(last.id)).offer?.appointment_time, mondayAt('09:00'))
  })

  it('passes over whose record is damaged or whose key is not here, and says so where it is damaged', async () => {
    const doctor_id = await desk.doctor()
    const entries = [await desk.wait(doctor_id), await desk.wait(doctor_id), await desk.wait(doctor_id)]
    const [damaged, keyless] = entries.map(({ patient_id }) => patient_id)
    await api.rows(sql`
      update patients set sealed_contact = set_byte(sealed_contact, 20, get_byte(sealed_contact, 20) # 1) where id = ${damaged ?? ''}`)
    await api.rows(sql`
      update patient_keys k set kek_id = 'elsewhere' from patients p where p.key_id = k.id and p.id = ${keyless ?? ''}`)
    await desk.free(doctor_id, mondayAt('09:00'))
    await relayFreed(api)
    assert.deepEqual(await desk.statuses(entries), ['waiting', 'waiting', 'offered'])
    assert.deepEqual(
      await api.rows(
        sql`select patient_id, details ->> 'operation' as operation from audit_logs where action = 'integrity.failed'`,
      ),
      [{ patient_id: damaged, operation: 'waitlist.offer' }],
    )
  })

  it('that is kept for urgent cases is offered to those only', async () => {
    const doctor_id = await desk.doctor()
    const date = mondayAt('09:00').slice(0, 10)
    await api.rows(sql`
      insert into schedule_blocks (doctor_id, weekday, start_time, end_time, slot_minutes, emergency_share, valid_from)
      values (${doctor_id}, 1, '09:00', '10:00', 60, 1, ${date}::date - 7)`)
    const [routine, urgent] = [await desk.wait(doctor_id), await desk.wait(doctor_id, { priority: 'urgent' })]
    const booked = await desk.staff.call(appointmentApi.book, {
      body: { doctor_id, patient_id: await makePatient(api), appointment_time: mondayAt('09:00'), priority: 'urgent' },
    })
    await desk.staff.call(appointmentApi.cancel, { params: { appointment_id: booked.id }, body: {} })
    await relayFreed(api)
    assert.deepEqual(await desk.statuses([routine, urgent]), ['waiting', 'offered'])
    await desk.accept(urgent.id)
  })

  it('that begins within the hour is offered to nobody', async () => {
    const doctor_id = await desk.doctor()
    const entry = await desk.wait(doctor_id)
    const soon = Temporal.Now.zonedDateTimeISO('America/New_York').add({ minutes: 50 })
    await api.rows(sql`
      insert into schedule_blocks (doctor_id, weekday, start_time, end_time, slot_minutes, valid_from)
      select ${doctor_id}, day, '00:00', '24:00', 5, current_date - 7 from generate_series(1, 7) as day`)
    const time = soon
      .round({ smallestUnit: 'minute', roundingIncrement: 5, roundingMode: 'floor' })
      .toInstant()
      .toString()
    await desk.free(doctor_id, time)
    await relayFreed(api)
    assert.deepEqual(await desk.statuses([entry]), ['waiting'])
  })
})

describe('a time', () => {
  it('that an appointment moved away from is offered', async () => {
    const doctor_id = await desk.doctor()
    const entry = await desk.wait(doctor_id)
    const booked = await desk.staff.call(appointmentApi.book, {
      body: { doctor_id, patient_id: await makePatient(api), appointment_time: mondayAt('09:00') },
    })
    await desk.staff.call(appointmentApi.reschedule, {
      params: { appointment_id: booked.id },
      body: { appointment_time: mondayAt('11:00') },
    })
    await relayFreed(api)
    assert.equal((await desk.entry(entry.id)).offer?.appointment_time, mondayAt('09:00'))
  })

  it('that was only held is offered when it is given back', async () => {
    const doctor_id = await desk.doctor()
    const entry = await desk.wait(doctor_id)
    const hold = await desk.staff.call(holdApi.make, { body: { doctor_id, appointment_time: mondayAt('10:00') } })
    await desk.staff.call(holdApi.release, { params: { hold_id: hold.id } })
    await relayFreed(api)
    assert.equal((await desk.entry(entry.id)).offer?.appointment_time, mondayAt('10:00'))
  })

  it('that a doctor takes back from their time off is offered, to each who waits another', async () => {
    const doctor_id = await desk.doctor()
    const admin = await api.person('admin')
    const off = await admin.call(timeOffApi.add, {
      params: { doctor_id },
      body: { starts_at: mondayAt('09:00'), ends_at: mondayAt('10:30') },
    })
    const entries = [await desk.wait(doctor_id), await desk.wait(doctor_id)]
    await admin.call(timeOffApi.remove, { params: { doctor_id, time_off_id: off.id } })
    await relayFreed(api)
    const offers = await Promise.all(entries.map(async ({ id }) => (await desk.entry(id)).offer?.appointment_time))
    assert.deepEqual(offers, [mondayAt('09:00'), mondayAt('09:30')])
  })

  it('whose offer the doctor has made void by time off cannot be accepted, and who waits waits on', async () => {
    const doctor_id = await desk.doctor()
    const entry = await desk.wait(doctor_id)
    await desk.free(doctor_id, mondayAt('09:00'))
    await relayFreed(api)
    const admin = await api.person('admin')
    await admin.call(timeOffApi.add, {
      params: { doctor_id },
      body: { starts_at: mondayAt('09:00'), ends_at: mondayAt('17:00') },
    })
    await assert.rejects(desk.accept(entry.id), refusedWith(noOffer))
    assert.deepEqual(await desk.statuses([entry]), ['waiting'])
    await relayFreed(api)
    assert.deepEqual(
      await api.rows(sql`select from appointments where doctor_id = ${doctor_id} and status = 'held'`),
      [],
    )
  })
})

describe('an entry', () => {
  it('that leaves three offers in a row unanswered ends; an answer begins the count anew', async () => {
    const doctor_id = await desk.doctor()
    const entry = await desk.wait(doctor_id)
    const times = ['09:00', '09:30', '10:00', '10:30', '11:00', '11:30']
    const seen: string[] = []
    for (const [at, time] of times.entries()) {
      await desk.free(doctor_id, mondayAt(time))
      await relayFreed(api)
      assert.deepEqual(await desk.statuses([entry]), ['offered'], time)
      if (at === 2) await desk.decline(entry.id)
      else await passOver(entry)
      seen.push(...(await desk.statuses([entry])))
    }
    assert.deepEqual(seen, ['waiting', 'waiting', 'waiting', 'waiting', 'waiting', 'expired'])
  })

  it('ends by itself when its window is over everywhere', async () => {
    const doctor_id = await desk.doctor()
    const entries = [await desk.wait(doctor_id), await desk.wait(doctor_id)]
    await api.rows(sql`
      update waitlist_entries set from_date = current_date - 9,
             to_date = (now() at time zone 'utc' - interval '12 hours')::date - case id when ${entries[0]?.id} then 1 else 0 end
       where doctor_id = ${doctor_id}`)
    await endWhatIsOver(api.database)
    assert.deepEqual(await desk.statuses(entries), ['expired', 'waiting'])
    const told = await api.rows(
      sql<{ type: string }>`select type from events where subject_id = ${entries[0]?.id} order by id`,
    )
    assert.deepEqual(
      told.map(({ type }) => type),
      ['waitlist.joined', 'waitlist.expired'],
    )
  })

  it('leaves nothing taken twice', async () => assert.deepEqual(await overlaps(api), []))
})
