// The mail server and the sender. Read by configuration.ts alone.
import { z } from 'zod'
import { readSender } from './address.ts'
import { readSmtpUrl } from './smtp-url.ts'

export const mailVariables = {
  SMTP_URL: z.string().trim().optional(),
  MAIL_FROM: z.string().trim().default('OpenWard <openward@localhost>'),
}

export type MailSettings = Readonly<{ smtp_url: string | undefined; mail_from: string }>

type Read = z.output<z.ZodObject<typeof mailVariables>>

export function mailSettings({ SMTP_URL, MAIL_FROM }: Read): MailSettings {
  return { smtp_url: SMTP_URL, mail_from: MAIL_FROM }
}

/** What cannot work, in words for whoever runs it; the address of the server, which may hold a password, is not repeated. */
export function mailFaults({ SMTP_URL, MAIL_FROM }: Read): string[] {
  return [
    ...(SMTP_URL === undefined ? [] : faultOf(() => readSmtpUrl(SMTP_URL))),
    ...faultOf(() => readSender(MAIL_FROM)),
  ]
}

function faultOf(read: () => unknown): string[] {
  try {
    read()
    return []
  } catch (error) {
    if (error instanceof TypeError) return [error.message]
    throw error
  }
}
