// Appointments and visits of a day become one line for each person, in the order in which a doctor needs them.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Appointment } from '#contracts/appointments/appointment-record'
import type { Visit } from '#contracts/visits/visit'
import { linesOf } from './lines.ts'

const appointment = (id: string, time: string, status: Appointment['status'] = 'booked') =>
  ({ id, patient_id: `p${id}`, appointment_time: `2026-12-01T${time}:00Z`, status }) as Appointment
const visit = (id: string, status: Visit['status'], appointment_id: string | null, time = '08:00') =>
  ({ id, patient_id: `p${id}`, status, appointment_id, opened_at: `2026-12-01T${time}:00Z` }) as Visit
const keys = (appointments: Appointment[], visits: Visit[]) => linesOf(appointments, visits).map(({ key }) => key)

it('shows who is with the doctor, then who is ready, then who is expected by the clock, then who lies in a bed', () => {
  const appointments = [
    appointment('a', '09:00'),
    appointment('b', '10:00'),
    appointment('c', '11:00'),
    appointment('d', '08:30'),
  ]
  const visits = [
    visit('w', 'admitted', null),
    visit('x', 'in_progress', 'c'),
    visit('y', 'triaged', 'b'),
    visit('z', 'registered', null),
  ]
  assert.deepEqual(keys(appointments, visits), ['c', 'b', 'z', 'd', 'a', 'w'])
})

it('leaves out what is cancelled, not kept or only held, and shows nobody twice', () => {
  const gone = (['cancelled', 'no_show', 'held'] as const).map((status, at) => appointment(`g${at}`, '09:00', status))
  assert.deepEqual(keys([...gone, appointment('a', '09:00', 'in_progress')], [visit('v', 'in_progress', 'a')]), ['a'])
})
