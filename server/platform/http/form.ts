// Reads multipart/form-data into an object: text fields as text, files as bytes in memory. Nothing of it touches a disk.
import type { FastifyRequest } from 'fastify'
import { malformed, Problem } from '#platform/contract/problem.ts'

/** @throws Problem malformed for a name that comes twice; an error of status 413 for a file larger than `most_bytes` */
export async function readForm(
  request: FastifyRequest,
  most_bytes: number,
): Promise<Record<string, string | Uint8Array>> {
  const members = new Map<string, string | Uint8Array>()
  for await (const part of request.parts({ limits: { fileSize: most_bytes } })) {
    if (members.has(part.fieldname)) throw new Problem(malformed, { detail: 'A form names each of its parts once' })
    members.set(part.fieldname, part.type === 'file' ? await part.toBuffer() : String(part.value))
  }
  return Object.fromEntries(members)
}
