// Files of the server: fetched with the access token, which no address holds, and sent with it.
import { unreachable, unreadable } from './problem-of.ts'
import { ask } from './send.ts'
import { withRenewal } from './session.ts'
import { Problem } from '#platform/contract/problem.ts'

/** Its body is still to be read. @throws Problem */
export function askForFile(url: string): Promise<Response> {
  return withRenewal(async () => {
    const answer = await ask({ method: 'GET', url, headers: { accept: '*/*' } })
    if (!answer.ok) throw await refusalOf(answer)
    return answer
  })
}

/** To be shown. @throws Problem */
export async function fetchFile(url: string): Promise<Blob> {
  const answer = await askForFile(url)
  return answer.blob().catch((error: unknown) => {
    throw new Problem(unreachable, {}, error)
  })
}

/** Sends a form with a file. @throws Problem */
export function sendFile(url: string, form: FormData): Promise<unknown> {
  return withRenewal(async () => {
    const answer = await ask({ method: 'POST', url, headers: {}, body: form })
    if (!answer.ok) throw await refusalOf(answer)
    return answer.json()
  })
}

async function refusalOf(answer: Response): Promise<Problem> {
  const { code, title, ...members } = (await answer.json().catch(() => ({}))) as { code?: string; title?: string }
  if (code === undefined) return new Problem(unreadable)
  return new Problem({ code, title: title ?? '', status: answer.status }, members)
}
