// E-mail addresses as they are taken here: one mailbox each.

/** One mailbox, so that no address can smuggle in another recipient or an SMTP command. */
export const mailbox = /^[^\s<>()[\]\\,;:"@\p{Cc}]{1,64}@[\p{L}\p{N}](?:[\p{L}\p{N}.-]{0,251}[\p{L}\p{N}])?$/u

/** `care@example.org` or `Saint Mary <care@example.org>`. @throws TypeError for anything else */
export function readSender(mailFrom: string): { name: string; address: string } {
  const named = /^\s*"?([^"<>\p{Cc}]*?)"?\s*<([^<>]+)>\s*$/u.exec(mailFrom) ?? []
  const [, name = '', address = mailFrom.trim()] = named
  if (!mailbox.test(address))
    throw new TypeError('MAIL_FROM must read care@example.org or Saint Mary <care@example.org>')
  return { name, address }
}
