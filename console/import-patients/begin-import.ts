// Sends a file as a form does. The text is sent as it was read, and a file that is not UTF-8 is not sent at all: what cannot be read
// would be registered as question marks.
import { Problem } from '#platform/contract/problem.ts'
import { send } from '../connection/send.ts'
import { unreadable } from '../connection/problem-of.ts'
import { withRenewal } from '../connection/session.ts'
import { importApi, PatientImport } from '#contracts/patients/import'

/** @throws Error where it is not UTF-8 */
export async function readText(file: Blob): Promise<string> {
  return new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer())
}

/** @throws Problem */
export async function beginImport(text: string, isDry: boolean): Promise<PatientImport> {
  // No line of the file can be it: it holds what was drawn just now.
  const boundary = `----openward-${Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('')}`
  const part = (head: string, content: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n${content}\r\n`
  const body = [
    part('name="dry_run"', String(isDry)),
    part('name="file"; filename="patients.csv"\r\nContent-Type: text/csv', text),
    `--${boundary}--\r\n`,
  ].join('')
  const { method, path: url } = importApi.import
  return withRenewal(async () => {
    const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` }
    const answer = await send({ method, url, headers, body })
    if (answer.status === importApi.import.returns[0]) return PatientImport.parse(JSON.parse(answer.text))
    throw problemIn(answer)
  })
}

function problemIn({ status, text }: { status: number; text: string }): Problem {
  try {
    const { code, title, ...members } = JSON.parse(text) as { code: string; title: string }
    return new Problem({ code, title, status }, members)
  } catch (error) {
    return new Problem(unreadable, {}, error)
  }
}
