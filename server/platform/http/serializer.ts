// The text of an answer: the members that its contract declares, and no other one.
import build, { type AnySchema } from 'fast-json-stringify'
import { z } from 'zod'

type Serialize = (answer: unknown) => string
const made = new WeakMap<z.ZodType, Serialize>()

/** Made with the first answer of its kind: those of all operations together take half a second of a start. */
export function serializerOf(schema: z.ZodType): Serialize {
  const known = made.get(schema)
  if (known) return known
  const described = z.toJSONSchema(schema, { io: 'output', target: 'draft-7', unrepresentable: 'any' })
  const serialize: Serialize = build(described as AnySchema)
  made.set(schema, serialize)
  return serialize
}
