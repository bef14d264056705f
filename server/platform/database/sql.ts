// SQL written as SQL: a tagged template whose values become parameters, and whose nested fragments become text.
import { createHash } from 'node:crypto'

/** A statement that yields rows of type `Row`, or a piece of one. `name` makes it a prepared statement. */
export type Sql<Row = unknown> = {
  readonly text: string
  readonly name: string
  readonly values: readonly unknown[]
  readonly strings: readonly string[]
  /** Only for the compiler. */
  readonly row?: Row
}

const compiled = new WeakMap<TemplateStringsArray, { text: string; name: string }>()
const names = new Map<string, string>()

/**
 * Builds a parameterised statement: a nested `sql` fragment is spliced in, every other value is sent apart from the text.
 * A `limit` must be written as a literal with `literal()`: PostgreSQL never caches a plan for `limit $1`.
 */
export function sql<Row = unknown>(strings: TemplateStringsArray, ...values: unknown[]): Sql<Row> {
  if (!values.some(isSql)) {
    let known = compiled.get(strings)
    if (!known) {
      const text = number(strings)
      known = { text, name: nameOf(text) }
      compiled.set(strings, known)
    }
    return { ...known, values, strings }
  }
  const pieces: string[] = [strings[0] ?? '']
  const flat: unknown[] = []
  values.forEach((value, index) => {
    const after = strings[index + 1] ?? ''
    if (isSql(value)) {
      const [first = '', ...rest] = value.strings
      pieces[pieces.length - 1] += first
      pieces.push(...rest)
      flat.push(...value.values)
      pieces[pieces.length - 1] += after
    } else {
      flat.push(value)
      pieces.push(after)
    }
  })
  const text = number(pieces)
  return { text, name: nameOf(text), values: flat, strings: pieces }
}

/** A whole number as text of the statement. */
export function literal(value: number): Sql {
  if (!Number.isSafeInteger(value)) throw new RangeError('only whole numbers stand in the text of a statement')
  return { text: String(value), name: '', values: [], strings: [String(value)] }
}

/** `a and b and c`; true where there is nothing to join. */
export function all(conditions: readonly (Sql | undefined)[]): Sql {
  const present = conditions.filter((condition) => condition !== undefined)
  const [first, ...rest] = present
  if (!first) return sql`true`
  return rest.reduce((joined, condition) => sql`${joined} and ${condition}`, first)
}

function isSql(value: unknown): value is Sql {
  return typeof value === 'object' && value !== null && 'strings' in value && 'text' in value
}

function number(pieces: readonly string[]): string {
  return pieces.reduce((text, piece, index) => (index === 0 ? piece : `${text}$${index}${piece}`), '')
}

function nameOf(text: string): string {
  let name = names.get(text)
  if (!name) {
    name = createHash('sha256').update(text).digest('base64url').slice(0, 16)
    names.set(text, name)
  }
  return name
}
