// The name that a file came with: cleaned, to be shown and to be given back, never to be a path of ours.
import type { MediaType } from './document.contract.ts'

const mostCharacters = 150
/** Controls, format characters that turn text around or hide in it, halves of pairs, and what file systems and shells mind. */
const unwanted = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}"*/:<>?\\|%]/gu

/** Whether a name is shown as another than it is: turned around, with what nobody sees, or with controls. */
export function isMisleading(given: string): boolean {
  // A joiner between letters of Persian or Hindi, or within an emoji, hides nothing.
  return /[\p{Cc}\p{Zl}\p{Zp}\u061C\u180E\u200B\u200E\u200F\u202A-\u202E\u2060-\u206F\uFEFF\u{E0000}-\u{E007F}]/u.test(
    given,
  )
}

/** By type: the endings that a name may have, the one that a nameless file gets first. */
export const extensions: Readonly<Record<MediaType, readonly [string, ...string[]]>> = {
  'application/pdf': ['pdf'],
  'image/jpeg': ['jpg', 'jpeg', 'jpe', 'jfif'],
  'image/png': ['png'],
  'image/tiff': ['tif', 'tiff'],
  'application/dicom': ['dcm', 'dicom', 'dic'],
  'text/plain': ['txt', 'text'],
}

/** What stands behind the last dot of the last part of a path, in lower case; '' where there is none. */
export function extensionOf(given: string): string {
  const name = given.split(/[/\\]/).at(-1) ?? ''
  const at = name.lastIndexOf('.')
  return at < 0
    ? ''
    : name
        .slice(at + 1)
        .trim()
        .toLowerCase()
}

export function cleanFileName(given: string, media_type: MediaType): string {
  const last = given.normalize('NFC').toWellFormed().split(/[/\\]/).at(-1) ?? ''
  const cleaned = last
    .replaceAll(unwanted, '')
    .replaceAll(/\s+/g, ' ')
    .replace(/^[.\s-]+/, '')
    .replace(/[.\s]+$/, '')
  const [extension] = extensions[media_type]
  const ending = extensionOf(cleaned)
  const stem = ending === '' ? cleaned : cleaned.slice(0, cleaned.length - ending.length - 1)
  const short = Array.from(stem).slice(0, mostCharacters).join('').trim()
  const kept = extensions[media_type].includes(ending) ? ending : extension
  return `${short === '' || stem === kept ? 'document' : short}.${kept}`
}

/** RFC 6266, with the name itself as RFC 8187 writes it and an ASCII one for those who cannot read that. */
export function attachment(file_name: string): string {
  const ascii = file_name
    .normalize('NFKD')
    .replaceAll(/[^\x20-\x7e]/g, '_')
    .replaceAll(/["\\%]/g, '_')
  const encoded = encodeURIComponent(file_name).replaceAll(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`
}
