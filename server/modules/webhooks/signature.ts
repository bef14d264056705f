// What a webhook is told and how that is signed, as the Standard Webhooks specification has it.
import { createHmac, randomBytes } from 'node:crypto'

const prefix = 'whsec_'

/** 256 bits. */
export function newSecret(): string {
  return prefix + randomBytes(32).toString('base64')
}

export type Told = {
  id: string
  event_id: string
  type: string
  subject_type: string
  subject_id: string
  patient_id: string | null
  happened_at: string
}

/** Ids and the type, no value of a person: whoever may know more asks for it. */
export function bodyOf({ event_id, type, subject_type, subject_id, patient_id, happened_at }: Told): string {
  return JSON.stringify({ type, timestamp: happened_at, data: { event_id, subject_type, subject_id, patient_id } })
}

/** The headers of one attempt: the time and with it the signature are of the attempt, the id is of the telling. */
export function signedHeaders(secret: string, id: string, body: string, now: Temporal.Instant): Record<string, string> {
  const timestamp = String(Math.floor(now.epochMilliseconds / 1000))
  const key = Buffer.from(secret.slice(prefix.length), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return {
    'content-type': 'application/json; charset=utf-8',
    'user-agent': 'OpenWard',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  }
}
