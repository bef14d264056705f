// Sends one e-mail by SMTP and says whether it went out, may be tried again, or never will. Queue and retries are the caller's.
import { createHash } from 'node:crypto'
import { createTransport } from 'nodemailer'
import type SMTPTransport from 'nodemailer/lib/smtp-transport'
import { mailbox, readSender } from './address.ts'
import { readSmtpUrl } from './smtp-url.ts'

export type MailMessage = {
  /** Of the outbox: the same at every retry, so that the Message-ID is too. */
  event_id: string
  to: string
  subject: string
  text: string
  html?: string
  attachments?: readonly { filename: string; content_type: string; content: Uint8Array }[]
  calendar?: { method: 'REQUEST' | 'CANCEL'; text: string } | undefined
}

/** Never holds an address or the server's own words, which repeat it: safe to log and to keep. */
export type MailResult =
  | { outcome: 'sent'; message_id: string }
  | { outcome: 'failed'; is_permanent: boolean; reason: MailFailure; smtp_code?: number; enhanced_code?: string }

export type MailFailure =
  | 'address_invalid'
  | 'recipient_refused'
  | 'message_refused'
  | 'sender_refused'
  | 'login_refused'
  | 'tls_failed'
  | 'unreachable'
  | 'timed_out'
  | 'busy'
  | 'other'

export type MailerOptions = {
  smtp_url: string
  /** `care@example.org` or `Saint Mary <care@example.org>`. */
  mail_from: string
  timeout_ms?: number
}

export type Mailer = { send(message: MailMessage): Promise<MailResult>; close(): void }

/** @throws TypeError when the URL or the sender cannot be used; the message holds no password */
export function createMailer({ smtp_url, mail_from, timeout_ms = 20_000 }: MailerOptions): Mailer {
  const from = readSender(mail_from)
  const transport = createTransport({
    ...readSmtpUrl(smtp_url),
    connectionTimeout: timeout_ms,
    greetingTimeout: timeout_ms,
    dnsTimeout: timeout_ms,
    socketTimeout: timeout_ms,
    disableFileAccess: true,
    disableUrlAccess: true,
  })

  async function send(message: MailMessage): Promise<MailResult> {
    if (!mailbox.test(message.to)) return { outcome: 'failed', is_permanent: true, reason: 'address_invalid' }
    const message_id = messageId(message, from.address)
    const mail: SMTPTransport.MailOptions = {
      from,
      to: { name: '', address: message.to },
      envelope: { from: from.address, to: [message.to] },
      subject: message.subject,
      text: message.text,
      messageId: message_id,
      // RFC 3834: no out-of-office answer comes back to a message that nobody wrote.
      headers: { 'Auto-Submitted': 'auto-generated' },
      attachments: (message.attachments ?? []).map(({ filename, content_type, content }) => ({
        filename,
        contentType: content_type,
        content: Buffer.from(content),
      })),
    }
    if (message.html !== undefined) mail.html = message.html
    if (message.calendar) {
      mail.icalEvent = { method: message.calendar.method, filename: 'appointment.ics', content: message.calendar.text }
    }
    try {
      await transport.sendMail(mail)
      return { outcome: 'sent', message_id }
    } catch (error) {
      return failureOf(error as SmtpFailure)
    }
  }

  return { send, close: () => transport.close() }
}

/** The same for the same event and recipient: whoever gets a message twice after a lost answer can tell. */
function messageId({ event_id, to }: MailMessage, sender: string): string {
  const local = createHash('sha256').update(`${event_id}\0${to}`).digest('hex').slice(0, 40)
  return `<${local}@${sender.slice(sender.lastIndexOf('@') + 1)}>`
}

type SmtpFailure = {
  code?: unknown
  originalCode?: unknown
  command?: unknown
  responseCode?: unknown
  response?: unknown
}

/** Node's and OpenSSL's codes for a certificate that does not hold. */
const certificateFailure = /CERT|TLS|SSL|LEAF_SIGNATURE|HOSTNAME|EPROTO/

/**
 * Only what the server says about this recipient or this message is permanent. That it refuses us (login, sender, TLS) is for
 * the operator to mend: the message waits.
 */
function failureOf(failure: SmtpFailure): MailResult {
  const { responseCode, response } = failure
  const smtp_code = typeof responseCode === 'number' ? responseCode : undefined
  const enhanced_code =
    typeof response === 'string' ? /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1] : undefined
  const reason = reasonOf(failure, smtp_code)
  return {
    outcome: 'failed',
    is_permanent: reason === 'recipient_refused' || reason === 'message_refused',
    reason,
    ...(smtp_code !== undefined && { smtp_code }),
    ...(enhanced_code !== undefined && { enhanced_code }),
  }
}

function reasonOf({ code, originalCode, command }: SmtpFailure, smtpCode = 0): MailFailure {
  const is_refusal = smtpCode >= 500 && smtpCode < 600
  if (code === 'EAUTH') return 'login_refused'
  if (code === 'ETLS' || (typeof originalCode === 'string' && certificateFailure.test(originalCode)))
    return 'tls_failed'
  if (smtpCode >= 400 && smtpCode < 500) return 'busy'
  if (is_refusal && command === 'RCPT TO') return 'recipient_refused'
  if (is_refusal && command === 'DATA') return 'message_refused'
  if (is_refusal && command === 'MAIL FROM') return 'sender_refused'
  if (code === 'ETIMEDOUT') return 'timed_out'
  if (code === 'ECONNECTION' || code === 'ESOCKET' || code === 'EDNS') return 'unreachable'
  return 'other'
}
