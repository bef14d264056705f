// Reads multipart/form-data with one file that is received as it comes, never whole in memory: whoever receives it is told its name and
// type, takes it piece by piece, and is told in the end whether to let go of what nobody kept.
import type { FastifyRequest } from 'fastify'
import type { Readable } from 'node:stream'
import { malformed, Problem, tooLarge } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'

export type UploadedFile = {
  file_name: string
  declared_type: string
  content: Readable
}
/** What was received. `content_hash` tells files apart for a repeat with the same Idempotency-Key. */
export type Received = { readonly content_hash: string; release(): Promise<void> }
export type Receive = (ctx: Context, file: UploadedFile) => Promise<Received>

/** Of the form around the file: its fields and the lines between them. */
const formBytes = 65_536
/** Somebody who sends on after a refusal is listened to for so long, so that they hear it. */
const lingerMilliseconds = 1000

/** Whether this is a file that was received, as an upload gives it. */
export function isReceived(value: unknown): value is Received {
  return typeof value === 'object' && value !== null && 'content_hash' in value && 'release' in value
}

/**
 * The fields as text, in any order, and the file as what `receive` made of it.
 * @throws Problem malformed, tooLarge; what `receive` throws
 */
export async function readUpload(
  ctx: Context,
  request: FastifyRequest,
  most_bytes: number,
  receive: Receive,
): Promise<{ body: Record<string, unknown>; release(): Promise<void> }> {
  const body = new Map<string, unknown>()
  const release = async () => {
    for (const value of body.values()) if (isReceived(value)) await value.release()
  }
  try {
    if (Number(request.headers['content-length'] ?? 0) > most_bytes + formBytes) throw new Problem(tooLarge)
    for await (const part of request.parts({ limits: { fileSize: most_bytes, files: 1 } })) {
      if (body.has(part.fieldname)) throw new Problem(malformed, { detail: 'A form names each of its parts once' })
      if (part.type === 'field') {
        body.set(part.fieldname, String(part.value))
        continue
      }
      const { file, filename, mimetype } = part
      // What is too large is read no further.
      file.once('limit', () => void file.destroy(new Problem(tooLarge)))
      body.set(
        part.fieldname,
        await receive(ctx, { file_name: filename ?? '', declared_type: mimetype, content: file }),
      )
    }
    return { body: Object.fromEntries(body), release }
  } catch (error) {
    await release()
    hangUpSoon(request)
    if (error instanceof Problem || (error instanceof Error && 'statusCode' in error) || !isOfForm(error)) throw error
    throw new Problem(malformed, { detail: 'The body is not a complete multipart/form-data form' }, error)
  }
}

/** The parser of forms throws plain errors for what is cut off or is none; a failure of ours has a name or a cause of its own. */
function isOfForm(error: unknown): boolean {
  return (
    error instanceof Error &&
    error.constructor === Error &&
    /(multipart|form|part|boundary|premature|aborted)/i.test(error.message)
  )
}

function hangUpSoon({ raw }: FastifyRequest) {
  if (raw.complete) return
  raw.resume()
  const timer = setTimeout(() => {
    if (!raw.complete) raw.destroy()
  }, lingerMilliseconds)
  raw.once('close', () => clearTimeout(timer))
}
