// How a value travels to PostgreSQL. Everything but lists is the driver's affair, which runs two replacements over every element of a
// list: a seventh of all that a search left to be collected.
import { createRequire } from 'node:module'

const { prepareValue } = createRequire(import.meta.url)('pg/lib/utils.js') as {
  prepareValue: (value: unknown) => unknown
}

/** Ids, numbers and words: what stands in the text of an array as it is (PostgreSQL documentation, "Array Input and Output Syntax"). */
const plain = /^[\w-]+$/

/** @throws Error for a value that has no text */
export function parameterOf(value: unknown): unknown {
  if (!Array.isArray(value)) return prepareValue(value)
  const elements: string[] = []
  for (const element of value as unknown[]) {
    const text = elementOf(element)
    // Lists of lists and of dates: rare, and the driver knows how.
    if (text === undefined) return prepareValue(value)
    elements.push(text)
  }
  return `{${elements.join(',')}}`
}

function elementOf(element: unknown): string | undefined {
  if (element === null || element === undefined) return 'NULL'
  if (typeof element === 'number' || typeof element === 'boolean') return String(element)
  if (typeof element === 'string') {
    // The text null is quoted; where nothing is, it is not.
    if (plain.test(element) && !(element.length === 4 && /null/i.test(element))) return element
    return `"${element.replaceAll(/["\\]/g, String.raw`\$&`)}"`
  }
  return Buffer.isBuffer(element) ? String.raw`"\\x${element.toString('hex')}"` : undefined
}
