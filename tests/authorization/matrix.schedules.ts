// When doctors work and when they are off: `schedules:write`, all for admin, own for doctors, of the department for staff.
import { randomUUID } from 'node:crypto'
import { sql } from '#platform/database/sql.ts'
import { only, type Row } from './row.ts'
import type { Subject, World } from './world.ts'

const changes = only('treating staff admin', 'away_doctor')
/** Every hour of every day, so that what other rows book lies in it. */
const week = [1, 2, 3, 4, 5, 6, 7].map((weekday) => ({
  weekday,
  start_time: '00:00',
  end_time: '24:00',
  slot_minutes: 30,
  valid_from: '2020-01-01',
  valid_until: '2900-12-31',
}))
/** Of a year in which nothing else is. */
const later = { ...week[0], valid_from: '3000-01-01', valid_until: '3000-12-31' }

const made = { block_id: '', time_off_id: '' }
async function workAlways({ ids }: Subject, { api }: World) {
  const doctor_id = ids['doctor_id']
  await api.rows(sql`delete from schedule_blocks where doctor_id = ${doctor_id}`)
  await api.rows(sql`
    insert into schedule_blocks (doctor_id, weekday, start_time, end_time, slot_minutes, valid_from, valid_until)
    select ${doctor_id}, weekday, start_time, end_time, slot_minutes, valid_from, valid_until
      from jsonb_to_recordset(${JSON.stringify(week)}::jsonb)
        as block (weekday smallint, start_time time, end_time time, slot_minutes integer, valid_from date, valid_until date)`)
}
async function addLaterBlock(subject: Subject, world: World) {
  await workAlways(subject, world)
  made.block_id = randomUUID()
  await world.api.rows(sql`
    insert into schedule_blocks (id, doctor_id, weekday, start_time, end_time, slot_minutes, valid_from)
    values (${made.block_id}, ${subject.ids['doctor_id']}, 1, '09:00', '10:00', 30, '4000-01-01')`)
}
async function addTimeOff({ ids }: Subject, { api }: World) {
  made.time_off_id = randomUUID()
  await api.rows(sql`
    insert into time_off (id, doctor_id, starts_at, ends_at)
    values (${made.time_off_id}, ${ids['doctor_id']}, '4000-01-01T00:00:00Z', '4000-01-02T00:00:00Z')`)
}

export const scheduleRows: readonly Row[] = [
  { operation: 'GET /api/v1/doctors/schedules', expect: only('treating away_doctor staff admin') },
  { operation: 'GET /api/v1/doctors/{doctor_id}/schedule', expect: changes },
  {
    operation: 'POST /api/v1/doctors/{doctor_id}/schedule',
    expect: changes,
    prepare: workAlways,
    ask: () => ({ body: later }),
  },
  {
    operation: 'PUT /api/v1/doctors/{doctor_id}/schedule',
    expect: changes,
    prepare: workAlways,
    ask: () => ({ body: { blocks: week } }),
  },
  {
    operation: 'DELETE /api/v1/doctors/{doctor_id}/schedule/{block_id}',
    expect: changes,
    prepare: addLaterBlock,
    ask: () => ({ params: { block_id: made.block_id || randomUUID() } }),
  },
  { operation: 'GET /api/v1/doctors/{doctor_id}/time-off', expect: changes },
  {
    operation: 'POST /api/v1/doctors/{doctor_id}/time-off',
    expect: changes,
    ask: () => ({ body: { starts_at: '3500-01-01T00:00:00Z', ends_at: '3500-01-02T00:00:00Z' } }),
  },
  {
    operation: 'DELETE /api/v1/doctors/{doctor_id}/time-off/{time_off_id}',
    expect: changes,
    prepare: addTimeOff,
    ask: () => ({ params: { time_off_id: made.time_off_id || randomUUID() } }),
  },
]
