// Reads multipart/form-data into an object: text fields as text, files as bytes in memory. Nothing of it touches a disk.
import type { FastifyRequest } from 'fastify'
import { malformed, Problem } from '#platform/contract/problem.ts'

/** @throws Problem malformed for what is no form; an error of status 413 for a file larger than `most_bytes` */
export async function readForm(
  request: FastifyRequest,
  most_bytes: number,
): Promise<Record<string, string | Uint8Array>> {
  const members = new Map<string, string | Uint8Array>()
  try {
    for await (const part of request.parts({ limits: { fileSize: most_bytes } })) {
      if (members.has(part.fieldname)) throw new Problem(malformed, { detail: 'A form names each of its parts once' })
      members.set(part.fieldname, part.type === 'file' ? await part.toBuffer() : String(part.value))
    }
  } catch (error) {
    if (error instanceof Problem || (error instanceof Error && 'statusCode' in error)) throw error
    // The parser of forms throws plain errors for what is cut off or is none.
    throw new Problem(malformed, { detail: 'The body is not a complete multipart/form-data form' }, error)
  }
  return Object.fromEntries(members)
}
