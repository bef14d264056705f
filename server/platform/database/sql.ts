// SQL written as SQL: a tagged template whose values become parameters, and whose nested fragments become text.
import { createHash } from 'node:crypto'
import { mostCounted } from '#platform/contract/fields.ts'

/** A statement that yields rows of type `Row`, or a piece of one. `name` makes it a prepared statement; '' is sent afresh. */
export type Sql<Row = unknown> = {
  readonly text: string
  readonly name: string
  readonly values: readonly unknown[]
  readonly strings: readonly string[]
  /** Only for the compiler. */
  readonly row?: Row
}

const compiled = new WeakMap<TemplateStringsArray, { text: string; name: string }>()
const composed = new WeakMap<TemplateStringsArray, Composition[]>()
const literals = new Map<number, Sql>()
const names = new Map<string, string>()
/**
 * How many statements that are put together at run time (a page of a list, a choice of filters) are kept prepared: each costs
 * 35 KB of every connection for as long as it lives, and callers choose from millions.
 */
const mostComposed = 1000

/**
 * Builds a parameterised statement: a nested `sql` fragment is spliced in, every other value is sent apart from the text.
 * A `limit` must be written as a literal with `literal()`: PostgreSQL never caches a plan for `limit $1`.
 */
export function sql<Row = unknown>(strings: TemplateStringsArray, ...values: unknown[]): Sql<Row> {
  if (!values.some(isSql)) {
    let known = compiled.get(strings)
    if (!known) {
      const text = number(strings)
      known = { text, name: digestOf(text) }
      compiled.set(strings, known)
    }
    return { ...known, values, strings }
  }
  const flat = values.flatMap((value) => (isSql(value) ? value.values : [value]))
  return { ...compose(strings, values), values: flat }
}

/** `shape` has the pieces where there are such, and undefined for a value. */
type Text = Pick<Sql, 'text' | 'name' | 'strings'>
type Composition = Text & { shape: readonly (readonly string[] | undefined)[] }

/** The text of a statement with nested pieces is put together once for each set of pieces that a place in the code meets. */
function compose(strings: TemplateStringsArray, values: readonly unknown[]): Text {
  let known = composed.get(strings)
  if (!known) composed.set(strings, (known = []))
  const same = known.find(({ shape }) => shape.every((piece, index) => piece === stringsOf(values[index])))
  if (same) return { text: same.text, name: same.name, strings: same.strings }
  const pieces: string[] = [strings[0] ?? '']
  values.forEach((value, index) => {
    const after = strings[index + 1] ?? ''
    if (isSql(value)) {
      const [first = '', ...rest] = value.strings
      pieces[pieces.length - 1] += first
      pieces.push(...rest)
      pieces[pieces.length - 1] += after
    } else {
      pieces.push(after)
    }
  })
  const text = number(pieces)
  const made = { shape: values.map(stringsOf), text, name: nameOf(text), strings: pieces }
  // A place that is given ever new pieces (a long list of conditions) must not remember them all.
  if (known.length < 32) known.push(made)
  return { text, name: made.name, strings: pieces }
}

/** A whole number as text of the statement. */
export function literal(value: number): Sql {
  if (!Number.isSafeInteger(value)) throw new RangeError('only whole numbers stand in the text of a statement')
  let known = literals.get(value)
  if (!known) {
    const text = String(value)
    known = { text, name: '', values: [], strings: [text] }
    if (literals.size < 1000) literals.set(value, known)
  }
  return known
}

/** How many rows of a list are passed over: 0 as text, so that the plan of the first page stays; any other apart from it. */
export function skipped(rows: number): Sql {
  if (!Number.isSafeInteger(rows)) throw new RangeError('only a whole number of rows can be passed over')
  return rows === 0 ? literal(0) : sql`${rows}::bigint`
}

/** `a and b and c`; true where there is nothing to join. */
export function all(conditions: readonly (Sql | undefined)[]): Sql {
  const present = conditions.filter((condition) => condition !== undefined)
  const [first, ...rest] = present
  if (!first) return sql`true`
  return rest.reduce((joined, condition) => sql`${joined} and ${condition}`, first)
}

function stringsOf(value: unknown): readonly string[] | undefined {
  return isSql(value) ? value.strings : undefined
}

function isSql(value: unknown): value is Sql {
  return typeof value === 'object' && value !== null && 'strings' in value && 'text' in value
}

function number(pieces: readonly string[]): string {
  return pieces.reduce((text, piece, index) => (index === 0 ? piece : `${text}$${index}${piece}`), '')
}

/** The name of a composed statement, or '' when there are enough of them. */
function nameOf(text: string): string {
  let name = names.get(text)
  if (name === undefined && names.size < mostComposed) names.set(text, (name = digestOf(text)))
  return name ?? ''
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16)
}

/** How many rows there are of `source` (what follows a `from`), up to `mostCounted`: the cost of a page must not grow with the table. */
export function countOf(source: Sql): Sql<{ total: number }> {
  return sql`select count(*)::int as total from (select from ${source} limit ${literal(mostCounted)}) as counted`
}
