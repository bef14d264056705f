import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Appointment } from '#contracts/appointments/appointment-record'
import type { Doctor } from '#contracts/doctors/doctor'
import { columnsOf, neighbour, spanOf } from './layout.ts'

const doctor = (id: string, available_from = '09:00', available_to = '17:00') =>
  ({ id, timezone: 'UTC', available_from, available_to }) as Doctor
const appointment = (id: string, doctor_id: string, time: string, duration_minutes = 30) =>
  ({ id, doctor_id, appointment_time: `2026-12-01T${time}:00Z`, duration_minutes }) as Appointment
const lanes = (appointments: Appointment[]) =>
  columnsOf([doctor('d')], appointments)[0]?.placed.map(
    ({ appointment: { id }, lane, lanes: of }) => `${id} ${lane}/${of}`,
  )

describe('the columns of a day', () => {
  it('are in the order of the doctors, also of those who have nothing to do', () => {
    const columns = columnsOf([doctor('b'), doctor('a')], [appointment('x', 'a', '10:00')])
    assert.deepEqual(
      columns.map(({ doctor: { id }, placed }) => [id, placed.length]),
      [
        ['b', 0],
        ['a', 1],
      ],
    )
  })

  it('place those that touch below each other', () => {
    assert.deepEqual(lanes([appointment('x', 'd', '10:00'), appointment('y', 'd', '10:30')]), ['x 0/1', 'y 0/1'])
  })

  it('place those that overlap beside each other, as narrow as need be and no narrower', () => {
    const three = [
      appointment('a', 'd', '10:00', 60),
      appointment('b', 'd', '10:15'),
      appointment('c', 'd', '10:45'),
      appointment('e', 'd', '12:00'),
    ]
    assert.deepEqual(lanes(three), ['a 0/2', 'b 1/2', 'c 1/2', 'e 0/1'])
  })
})

describe('the hours that are shown', () => {
  it('are whole ones, and hold what stands outside of the usual', () => {
    const columns = columnsOf(
      [doctor('a', '09:30', '16:15'), doctor('b')],
      [appointment('x', 'a', '07:45'), appointment('y', 'b', '18:10')],
    )
    assert.deepEqual(spanOf(columns), { from: 7 * 60, to: 19 * 60 })
  })

  it('are those of a usual day where nobody works', () => assert.deepEqual(spanOf([]), { from: 480, to: 1080 }))
})

describe('an arrow', () => {
  const columns = columnsOf(
    [doctor('a'), doctor('b'), doctor('c')],
    [
      appointment('a9', 'a', '09:00'),
      appointment('a12', 'a', '12:00'),
      appointment('c9', 'c', '09:15'),
      appointment('c13', 'c', '13:00'),
    ],
  )
  const table: [from: string, arrow: Parameters<typeof neighbour>[2], to: string | undefined][] = [
    ['a9', 'ArrowDown', 'a12'],
    ['a12', 'ArrowDown', undefined],
    ['a12', 'ArrowUp', 'a9'],
    ['a12', 'ArrowRight', 'c13'],
    ['a9', 'ArrowRight', 'c9'],
    ['c13', 'ArrowLeft', 'a12'],
    ['a9', 'ArrowLeft', undefined],
    ['nobody', 'ArrowUp', undefined],
  ]
  for (const [from, arrow, to] of table) {
    it(`${arrow} from ${from} leads to ${to ?? 'nothing'}`, () => assert.equal(neighbour(columns, from, arrow), to))
  }
})
