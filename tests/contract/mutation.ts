// Small deviations from a request that would be accepted.
import fc from 'fast-check'
import { z } from 'zod'

export type Deviation =
  | { kind: 'replace'; field: string; value: unknown }
  | { kind: 'remove'; field: string }
  | { kind: 'add'; field: string; value: unknown }
  | { kind: 'wrap'; field: string }

/** The members that the schema names and those of the example, nested ones as `a.b`. */
export function fieldsOf(schema: z.ZodType | undefined, example: unknown): string[] {
  if (!schema) return []
  const described = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' })
  return [
    ...new Set([
      ...namesIn(described as Described),
      ...Object.keys(typeof example === 'object' && example !== null ? example : {}),
    ]),
  ]
}

/** Those of them that are days or instants. */
export function datesOf(schema: z.ZodType | undefined): string[] {
  if (!schema) return []
  const described = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as Described
  return [...new Set(namesIn(described, '', ({ format = '' }) => format.startsWith('date')))]
}

/** At the ends of what can be written, where a day more or another zone is of a year that the database does not know. */
export const farDates = [
  ...['0000-01-01', '0001-01-01', '1000-01-01', '9999-12-31'].flatMap((day) => [day, `${day}T00:00:00Z`]),
  '0001-01-01T00:00:00+14:00',
  '9999-12-31T23:59:59Z',
  '9999-12-31T23:59:59.999999999-12:00',
]

type Described = {
  format?: string
  properties?: Record<string, Described>
  anyOf?: Described[]
  allOf?: Described[]
  items?: Described
}

function namesIn(described: Described, at = '', isWanted: (one: Described) => boolean = () => true): string[] {
  const alternatives = [...(described.anyOf ?? []), ...(described.allOf ?? [])].flatMap((one) =>
    namesIn(one, at, isWanted),
  )
  const own = Object.entries(described.properties ?? {}).flatMap(([name, inner]) => [
    ...([inner, ...(inner.anyOf ?? [])].some(isWanted) ? [`${at}${name}`] : []),
    ...namesIn(inner, `${at}${name}.`, isWanted),
  ])
  return [...own, ...alternatives]
}

const strange = fc.constantFrom<unknown>(
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e308,
  -1e308,
  2 ** 53 + 2,
  '',
  ' ',
  '\0',
  '\u0000x',
  '\ud800',
  'x'.repeat(100_000),
  '\u202e',
  'e\u0301'.repeat(2000),
  [],
  {},
  [[]],
  [null],
  { $gt: 0 },
  { toString: 'x' },
  ['x', 'y'],
  '2026-02-30',
  '2026-12-01T25:00:00Z',
  '0000-01-01',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59Z',
  '+275760-09-13',
  '12:60',
  'Mars/Olympus',
  '1e999',
  "'; drop table patients;--",
  '${7*7}',
  '{{7*7}}',
  '../../../etc/passwd',
  'http://127.0.0.1:22/',
  '<img src=x onerror=alert(1)>',
  '=HYPERLINK("http://x")',
  '%00',
  'NaN',
  'undefined',
)

export function deviation(fields: readonly string[]): fc.Arbitrary<Deviation> {
  const field = fc.constantFrom(...(fields.length > 0 ? fields : ['x']))
  const value = fc.oneof(strange, fc.jsonValue({ maxDepth: 2 }), fc.string({ unit: 'binary', maxLength: 300 }))
  return fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('replace' as const), field, value }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), field }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('add' as const),
        field: fc.string({ minLength: 1, maxLength: 80 }),
        value,
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('wrap' as const), field }) },
  )
}

export function mutated(sample: unknown, change: Deviation): unknown {
  if (typeof sample !== 'object' || sample === null)
    return change.kind === 'remove' ? {} : { [change.field]: 'value' in change ? change.value : [sample] }
  const copy = structuredClone(sample) as Record<string, unknown>
  const path = change.kind === 'add' ? [change.field] : change.field.split('.')
  const last = path.pop() ?? ''
  let parent = copy
  for (const name of path) {
    const inner = parent[name]
    parent = (
      typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? inner : (parent[name] = {})
    ) as Record<string, unknown>
  }
  if (change.kind === 'remove') delete parent[last]
  else if (change.kind === 'wrap') parent[last] = [parent[last] ?? null]
  else
    Object.defineProperty(parent, last, { value: change.value, enumerable: true, configurable: true, writable: true })
  return copy
}
