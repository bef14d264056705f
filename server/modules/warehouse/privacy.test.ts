// What the warehouse does not say: dates that are moved, cells that are too small, ages that are too great.
import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { openLocalDays } from './local-days.ts'
import { classOf, openCells } from './patient-classes.ts'
import { openPseudonyms } from './pseudonyms.ts'
import { aPast, exportTo, memoryTree, readMemory, startWarehouse } from './warehouse.testing.ts'

const key = (seed: string) => ({ id: randomUUID(), key: createHash('sha256').update(seed).digest() })

describe('pseudonyms', () => {
  it('are the same for the same id under the same key, and tell nothing across kinds and keys', () => {
    const [one, other] = [openPseudonyms(key('one')), openPseudonyms(key('other'))]
    const id = randomUUID()
    assert.equal(one.of('patient', id), openPseudonyms(key('one')).of('patient', id))
    const told = [one.of('patient', id), one.of('doctor', id), other.of('patient', id), one.of('patient', randomUUID())]
    assert.equal(new Set(told).size, 4)
    for (const text of told) assert.match(text, /^[0-9a-f]{32}$/)
  })

  it('move the dates of one person by the same weeks, of others by others, within the limit', () => {
    const { weeksOf } = openPseudonyms(key('one'))
    const ids = Array.from({ length: 2000 }, () => randomUUID())
    const drawn = ids.map((id) => weeksOf(id, 4))
    assert.deepEqual(
      drawn,
      ids.map((id) => weeksOf(id, 4)),
    )
    assert.deepEqual(
      [...new Set(drawn)].sort((a, b) => a - b),
      [-4, -3, -2, -1, 0, 1, 2, 3, 4],
    )
    assert.ok(ids.every((id) => weeksOf(id, 0) === 0))
  })
})

describe('local days', () => {
  const days = openLocalDays('America/New_York')
  const at = (text: string) => Temporal.Instant.from(text).epochMilliseconds * 1000
  for (const [instant, date] of [
    ['2025-03-09T04:59:59Z', '2025-03-08'],
    ['2025-03-09T05:00:00Z', '2025-03-09'],
    ['2025-03-10T03:59:59Z', '2025-03-09'],
    ['2025-03-10T04:00:00Z', '2025-03-10'],
    ['1969-12-31T23:00:00Z', '1969-12-31'],
  ] as const) {
    it(`take ${instant} for ${date}`, () =>
      assert.equal(
        Temporal.PlainDate.from('1970-01-01')
          .add({ days: days.dayOf(at(instant)) })
          .toString(),
        date,
      ))
  }
  it('keep the time of day where an instant is moved over a change of clocks', () => {
    assert.equal(days.moved(at('2025-03-03T14:00:00Z'), 14), at('2025-03-17T13:00:00Z'))
  })
})

describe('the class of a patient', () => {
  for (const [born, year, birth_year, age_class] of [
    ['1937-12-31', 2026, 1937, '80-89'],
    ['1936-12-31', 2026, null, '90+'],
    ['1910-01-01', 2026, null, '90+'],
    ['2026-01-01', 2026, 2026, '0-9'],
    ['2016-01-01', 2026, 2016, '10-19'],
    [null, 2026, null, 'unknown'],
  ] as const) {
    it(`of who was born on ${born} is ${age_class} in ${year}`, () =>
      assert.deepEqual(classOf({ date_of_birth: born, gender: 'FEMALE' }, year), {
        birth_year,
        age_class,
        gender: 'FEMALE',
      }))
  }

  it('is not told where fewer people than asked for are alike, and its year no sooner', () => {
    const cells = openCells(3)
    const person = (birth_year: number, gender = 'MALE') => ({ birth_year, age_class: '30-39', gender })
    const people = [person(1990), person(1990), person(1990), person(1991), person(1991), person(1992, 'FEMALE')]
    people.forEach((one) => cells.add(one))
    assert.deepEqual(cells.told(person(1990)), person(1990))
    assert.deepEqual(cells.told(person(1991)), { birth_year: null, age_class: '30-39', gender: 'MALE' })
    assert.deepEqual(cells.told(person(1992, 'FEMALE')), {
      birth_year: null,
      age_class: 'suppressed',
      gender: 'SUPPRESSED',
    })
  })
})

describe('a warehouse with moved dates and no small cells', () => {
  it('moves all dates of a person together by whole weeks, and shows no small cell', async () => {
    await using plain = await startWarehouse()
    await aPast(plain.api)
    const [open, closed] = [memoryTree(), memoryTree()]
    await exportTo(plain.api, open)
    // The same hospital, told otherwise.
    const { system } = plain.api
    const warehouse = { ...system.configuration.warehouse, shift_weeks: 8, smallest_cell: 5 }
    const told = { ...plain.api, system: { ...system, configuration: { ...system.configuration, warehouse } } }
    const manifest = await exportTo(told, closed)
    assert.deepEqual(manifest.settings, { shift_weeks: 8, smallest_cell: 5 })
    using before_it = await readMemory(open)
    using after_it = await readMemory(closed)
    const moves = new Map<string, Set<number>>()
    let count = 0
    for (const [fact, of] of [
      ['fact_appointment', 'appointment_key'],
      ['fact_visit', 'visit_key'],
      ['fact_resource_assignment', 'assignment_key'],
    ] as const) {
      const question = `select ${of} as key, patient_key, date - date '1970-01-01' as day from ${fact}`
      const days = new Map((await before_it.ask(question)).map((row) => [row['key'], Number(row['day'])]))
      for (const row of await after_it.ask(question)) {
        const moved = Number(row['day']) - (days.get(row['key']) ?? NaN)
        const patient = String(row['patient_key'])
        moves.set(patient, (moves.get(patient) ?? new Set()).add(moved))
        count += 1
      }
    }
    assert.ok(count > 50 && moves.size === 12)
    for (const of of moves.values()) assert.equal(of.size, 1)
    const distances = [...moves.values()].flatMap((of) => [...of])
    assert.ok(distances.every((days) => days % 7 === 0 && Math.abs(days) <= 56))
    assert.ok(new Set(distances).size > 3)
    const minutes = `select sum(duration_minutes) as m from fact_appointment`
    assert.deepEqual(await after_it.ask(minutes), await before_it.ask(minutes))
    assert.deepEqual(await after_it.ask(`select count(*) as count from dim_patient where birth_year is not null`), [
      { count: 0 },
    ])
    assert.deepEqual(await after_it.ask(`select distinct gender from dim_patient`), [{ gender: 'SUPPRESSED' }])
    // Twelve more who are alike are told, in a run that writes everybody.
    for (let at = 0; at < 5; at += 1) await plain.api.patient({ date_of_birth: '1980-02-02' })
    await plain.api.rows(sql`update departments set name = name || '.'`)
    const next = await exportTo(told, closed)
    assert.deepEqual([next.reason, next.tables['dim_patient']?.rows], ['changes', 17])
    using grown = await readMemory(closed)
    assert.deepEqual(
      await grown.ask(`select birth_year, count(*) as count from dim_patient where birth_year is not null group by 1`),
      [{ birth_year: 1980, count: 5 }],
    )
  })
})
