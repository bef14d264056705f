// What a file is, by its first bytes, and whether it is that and nothing else besides. It is looked at as it passes by.
import { contentRefused } from './document-problem.contract.ts'
import { type MediaType } from './document.contract.ts'
import { extensionOf, extensions } from './file-name.ts'
import { inspectPdf } from './pdf.ts'
import { Problem } from '#platform/contract/problem.ts'

/** Looks at every piece of a file in order, then says why it is refused, or nothing. */
export type Inspector = { look(part: Buffer): Promise<void> | void; end(): string | undefined }

/** So many bytes tell the type. */
export const headBytes = 1024
const tailBytes = 70_000

/** Undefined for what is none of ours. */
export function sniff(head: Buffer): MediaType | undefined {
  const starts = (...bytes: number[]) => bytes.every((byte, at) => head[at] === byte)
  if (head.subarray(128, 132).toString('latin1') === 'DICM')
    return isPlainPreamble(head) ? 'application/dicom' : undefined
  if (head.subarray(0, 5).toString('latin1') === '%PDF-') return 'application/pdf'
  if (starts(0xff, 0xd8, 0xff)) return 'image/jpeg'
  if (starts(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'image/png'
  if (starts(0x49, 0x49, 0x2a, 0) || starts(0x4d, 0x4d, 0, 0x2a)) return 'image/tiff'
  return isText(head, false) && !isMarkup(head) ? 'text/plain' : undefined
}

/** The 128 bytes before a DICOM file belong to others (PS3.10, 7.1): a TIFF may stand there, and nothing that can be run. */
function isPlainPreamble(head: Buffer): boolean {
  const preamble = head.subarray(0, 128)
  return preamble.every((byte) => byte === 0) || /^(II\*\0|MM\0\*)/.test(preamble.toString('latin1', 0, 4))
}

/** Control characters but tab, line ends and form feed. */
const unprintable = /[\p{Cc}--[\t\n\v\f\r]]/v
const markup = /^\s*(<[!?a-z/]|#!|%!ps|\{\\rtf|MZ|\x7fELF|GIF8|BEGIN:VC)/i

function isMarkup(head: Buffer): boolean {
  return markup.test(head.toString('latin1').replace(/^\xef\xbb\xbf/, ''))
}

function isText(bytes: Buffer, isWhole: boolean): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: !isWhole })
    return !unprintable.test(text)
  } catch {
    return false
  }
}

/** What would make another program take the file for something that can do things. */
const active = ['<script', '<svg', '<html', '<!doctype html', '<iframe', '<?php', '%pdf-', '<?xml-stylesheet']
const longestActive = Math.max(...active.map((text) => text.length))

/** A reader of its own for each file. */
export function inspectorOf(media_type: MediaType): Inspector {
  const tail = inspectTail()
  const inner =
    media_type === 'application/pdf' ? inspectPdf() : media_type === 'text/plain' ? inspectText() : inspectBytes()
  return {
    async look(part) {
      tail.look(part)
      await inner.look(part)
    },
    end: () => inner.end() ?? tail.end(),
  }
}

const endOfArchive = Buffer.from('PK\x05\x06', 'latin1')

/** Archives are read from their end: one behind a picture makes it both. */
function inspectTail() {
  let tail = Buffer.alloc(0)
  return {
    look(part: Buffer) {
      tail = Buffer.concat([tail, part]).subarray(-tailBytes)
    },
    end() {
      for (let at = tail.indexOf(endOfArchive); at >= 0; at = tail.indexOf(endOfArchive, at + 1)) {
        if (at + 22 <= tail.length && at + 22 + tail.readUInt16LE(at + 20) <= tail.length) return 'archive_inside'
      }
      return undefined
    },
  }
}

function inspectBytes(): Inspector {
  let carried = ''
  let found = false
  return {
    look(part) {
      const text = (carried + part.toString('latin1')).toLowerCase()
      found ||= active.some((sign) => text.includes(sign))
      carried = text.slice(-longestActive)
    },
    end: () => (found ? 'active_content' : undefined),
  }
}

function inspectText(): Inspector {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let carried = ''
  let reason: string | undefined
  const read = (part: Buffer | undefined) => {
    try {
      const text = part ? decoder.decode(part, { stream: true }) : decoder.decode()
      if (unprintable.test(text)) reason ??= 'not_text'
      const all = (carried + text).toLowerCase()
      if (active.some((sign) => all.includes(sign))) reason ??= 'active_content'
      carried = all.slice(-longestActive)
    } catch {
      reason ??= 'not_text'
    }
  }
  return {
    look: (part) => void (reason === undefined && read(part)),
    end() {
      if (reason === undefined) read(undefined)
      return reason
    },
  }
}

/** Declared without knowing better. */
const saysNothing = new Set(['application/octet-stream', 'binary/octet-stream', ''])
const alsoCalled: Readonly<Record<string, MediaType>> = {
  'image/jpg': 'image/jpeg',
  'image/pjpeg': 'image/jpeg',
  'image/tif': 'image/tiff',
  'application/x-pdf': 'application/pdf',
}

/** Name, declared type and content must say the same. @throws Problem contentRefused */
export function assertAgreed(
  media_type: MediaType | undefined,
  file_name: string,
  declared_type: string,
): asserts media_type is MediaType {
  if (media_type === undefined) throw new Problem(contentRefused, { reason: 'unknown_content' })
  const declared = declared_type.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (!saysNothing.has(declared) && (alsoCalled[declared] ?? declared) !== media_type)
    throw new Problem(contentRefused, { reason: 'declared_otherwise', media_type })
  const extension = extensionOf(file_name)
  // DICOM files on a disc have names such as IM000001.
  if (extension === '' && media_type === 'application/dicom') return
  if (/^\d+$/.test(extension) && media_type === 'application/dicom') return
  if (/[\0\r\n]|%00/.test(file_name) || !extensions[media_type].includes(extension))
    throw new Problem(contentRefused, { reason: 'named_otherwise', media_type })
}
