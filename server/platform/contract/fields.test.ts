import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { z } from 'zod'
import {
  Id,
  Instant,
  LocalDate,
  LocalTime,
  Money,
  QueryBoolean,
  QueryInteger,
  ReckonedDate,
  Text,
  TimeZone,
} from './fields.ts'

const refused = Symbol('refused')
/** What a value is read as. */
function read(schema: z.ZodType, value: unknown): unknown {
  const result = schema.safeParse(value)
  return result.success ? result.data : refused
}

const table: [field: string, schema: z.ZodType, cases: [given: string, read: unknown][]][] = [
  [
    'an instant',
    Instant,
    [
      ['2026-12-01T14:00:00Z', '2026-12-01T14:00:00Z'],
      ['2026-12-01T14:00:00.000Z', '2026-12-01T14:00:00Z'],
      ['2026-12-01T14:00:00.120Z', '2026-12-01T14:00:00.12Z'],
      ['2026-12-01T16:00:00+02:00', '2026-12-01T14:00:00Z'],
      ['2026-12-01T14:00:00.123456789Z', '2026-12-01T14:00:00.123456789Z'],
      ['2026-12-01T14:00:00.1234567891Z', refused],
      ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
      ['0001-01-01T00:00:00+00:01', refused],
      ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59Z'],
      ['9999-12-31T23:59:59-00:01', refused],
      ['2026-02-29T00:00:00Z', refused],
      ['2026-12-01T14:00:00', refused],
      ['2026-12-01', refused],
      ['', refused],
    ],
  ],
  [
    'a day',
    LocalDate,
    [
      ['0001-01-01', '0001-01-01'],
      ['0000-12-31', refused],
      ['9999-12-31', '9999-12-31'],
      ['10000-01-01', refused],
      ['1900-02-29', refused],
      ['2000-02-29', '2000-02-29'],
      ['2026-12-01T00:00:00Z', refused],
      ['', refused],
    ],
  ],
  [
    'a day that is reckoned with',
    ReckonedDate,
    [
      ['1900-01-01', '1900-01-01'],
      ['1899-12-31', refused],
      ['8999-12-31', '8999-12-31'],
      ['9000-01-01', refused],
      ['2026-02-29', refused],
    ],
  ],
  [
    'an id',
    Id,
    [
      ['0198C0DE-0000-7000-8000-00000000000A', '0198c0de-0000-7000-8000-00000000000a'],
      ['0198c0de00007000800000000000000a', refused],
      ['x', refused],
    ],
  ],
  [
    'a wall-clock time',
    LocalTime,
    [
      ['00:00', '00:00'],
      ['23:59', '23:59'],
      ['24:00', refused],
      ['9:00', refused],
      ['09:60', refused],
    ],
  ],
  [
    'a time zone',
    TimeZone,
    [
      ['Europe/Berlin', 'Europe/Berlin'],
      ['UTC', 'UTC'],
      ['Mars/Olympus', refused],
      ['', refused],
    ],
  ],
  [
    'an amount of money',
    Money,
    [
      ['0', '0'],
      ['25.5', '25.5'],
      ['999999999999.99', '999999999999.99'],
      ['1000000000000', refused],
      ['1.005', refused],
      ['-1', refused],
      ['1,00', refused],
    ],
  ],
  [
    'a number from 1 to 20 of a query',
    QueryInteger(1, 20),
    [
      ['1', 1],
      ['20', 20],
      ['0', refused],
      ['21', refused],
      ['1.0', refused],
      ['1e1', refused],
      ['0000000001', refused],
      ['', refused],
    ],
  ],
  [
    'a flag of a query',
    QueryBoolean,
    [
      ['true', true],
      ['false', false],
      ['1', refused],
      ['', refused],
    ],
  ],
  [
    'a text of 2 to 4 characters',
    Text(4, 2),
    [
      ['ab', 'ab'],
      ['  ab  ', 'ab'],
      ['abcd', 'abcd'],
      ['abcde', refused],
      ['a', refused],
      [' a ', refused],
      ['👩👩👩👩', '👩👩👩👩'],
      ['e\u0301e\u0301', 'éé'],
      ['a\tb', 'a\tb'],
      ['a\r\nb', 'a\r\nb'],
      ['a\u0000b', refused],
      ['a\u007fb', refused],
      ['a\u2028b', refused],
      ['a\ud83db', refused],
    ],
  ],
]
for (const [field, schema, cases] of table) {
  describe(field, () => {
    for (const [given, expected] of cases) {
      it(`is ${expected === refused ? 'refused' : `read as ${JSON.stringify(expected)}`}: ${JSON.stringify(given)}`, () =>
        assert.equal(read(schema, given), expected))
    }
  })
}
