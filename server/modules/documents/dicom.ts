// Reads the few members of a DICOM file (PS3.5, PS3.10) that say whose it is and which study it belongs to, from its beginning.
import { constants, inflateRawSync } from 'node:zlib'
import type { DicomHeader } from './document.contract.ts'

/** So much of a file is looked at: patient and study stand before the pictures. */
export const dicomHeadBytes = 262_144

const tags = {
  character_set: 0x0008_0005,
  study_date: 0x0008_0020,
  modality: 0x0008_0060,
  patient_name: 0x0010_0010,
  patient_id: 0x0010_0020,
  patient_birth_date: 0x0010_0030,
  study_instance_uid: 0x0020_000d,
} as const
const transferSyntax = 0x0002_0010
const longLengths = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV'])
const undefinedLength = 0xffff_ffff
const item = 0xfffe_e000
const itemEnd = 0xfffe_e00d
const sequenceEnd = 0xfffe_e0dd
const deepest = 16

type Syntax = { isExplicit: boolean; isBigEndian: boolean }
type Element = { tag: number; at: number; length: number; isSequence: boolean }

/** This is no DICOM that can be read: members are missing in the middle, or lengths are wrong. */
class Unreadable extends Error {}

/** Undefined for what cannot be read so far that it is known whose it is. */
export function readDicom(head: Buffer): DicomHeader | undefined {
  try {
    const meta = readMembers(head, 132, { isExplicit: true, isBigEndian: false }, 0x0002_ffff)
    const syntax = ascii(meta.found.get(transferSyntax))
    if (!/^[\d.]+$/.test(syntax)) return undefined
    const isDeflated = syntax === '1.2.840.10008.1.2.1.99'
    const body = isDeflated ? inflated(head.subarray(meta.end)) : head
    const { found, isWhole } = readMembers(
      body,
      isDeflated ? 0 : meta.end,
      { isExplicit: syntax !== '1.2.840.10008.1.2', isBigEndian: syntax === '1.2.840.10008.1.2.2' },
      tags.study_instance_uid,
    )
    if (!isWhole && !found.has(tags.patient_name)) return undefined
    const decode = decoderOf(ascii(found.get(tags.character_set)))
    const text = (tag: number) => decode(found.get(tag)) || null
    return {
      patient_name: text(tags.patient_name),
      patient_id: text(tags.patient_id),
      patient_birth_date: dateOf(ascii(found.get(tags.patient_birth_date))),
      study_instance_uid:
        ascii(found.get(tags.study_instance_uid))
          .replaceAll(/[^0-9.]/g, '')
          .slice(0, 64) || null,
      study_date: dateOf(ascii(found.get(tags.study_date))),
      modality: /^[A-Z]{2,16}$/.exec(ascii(found.get(tags.modality)))?.[0] ?? null,
    }
  } catch (error) {
    if (error instanceof Unreadable || error instanceof RangeError) return undefined
    throw error
  }
}

/** The members up to a tag, in their order; `isWhole` where a later tag was reached, or the end. */
function readMembers(bytes: Buffer, from: number, syntax: Syntax, last: number) {
  const found = new Map<number, Buffer>()
  let at = from
  let before = 0
  while (at + 8 <= bytes.length) {
    // What comes next may be written in another way.
    if (tagAt(bytes, at, syntax) > last) return { found, end: at, isWhole: true }
    const element = readElement(bytes, at, syntax)
    // Members stand in the order of their tags: what does not is no data set.
    if (element.tag <= before) throw new Unreadable()
    before = element.tag
    if (element.isSequence) {
      at = endOfSequence(bytes, element, syntax, 0)
      continue
    }
    const end = element.at + element.length
    if (end > bytes.length) return { found, end: at, isWhole: false }
    found.set(element.tag, bytes.subarray(element.at, end))
    at = end
  }
  return { found, end: at, isWhole: bytes.length < dicomHeadBytes }
}

function tagAt(bytes: Buffer, at: number, { isBigEndian }: Pick<Syntax, 'isBigEndian'>): number {
  return isBigEndian
    ? bytes.readUInt16BE(at) * 65_536 + bytes.readUInt16BE(at + 2)
    : bytes.readUInt16LE(at) * 65_536 + bytes.readUInt16LE(at + 2)
}

function readElement(bytes: Buffer, at: number, { isExplicit, isBigEndian }: Syntax): Element {
  const short = (place: number) => (isBigEndian ? bytes.readUInt16BE(place) : bytes.readUInt16LE(place))
  const long = (place: number) => (isBigEndian ? bytes.readUInt32BE(place) : bytes.readUInt32LE(place))
  const tag = tagAt(bytes, at, { isBigEndian })
  const form = isExplicit && tag < item ? bytes.toString('latin1', at + 4, at + 6) : undefined
  if (form === undefined) {
    const length = long(at + 4)
    return { tag, at: at + 8, length, isSequence: length === undefinedLength }
  }
  if (!/^[A-Z]{2}$/.test(form)) throw new Unreadable()
  if (!longLengths.has(form)) return { tag, at: at + 8, length: short(at + 6), isSequence: false }
  const length = long(at + 8)
  return { tag, at: at + 12, length, isSequence: form === 'SQ' || length === undefinedLength }
}

function endOfSequence(bytes: Buffer, { at: from, length }: Element, syntax: Syntax, depth: number): number {
  if (length !== undefinedLength) return from + length
  if (depth > deepest) throw new Unreadable()
  let at = from
  for (;;) {
    const next = readElement(bytes, at, syntax)
    if (next.tag === sequenceEnd) return next.at
    if (next.tag !== item) throw new Unreadable()
    at = next.length === undefinedLength ? endOfItem(bytes, next.at, syntax, depth) : next.at + next.length
  }
}

function endOfItem(bytes: Buffer, from: number, syntax: Syntax, depth: number): number {
  let at = from
  for (;;) {
    const member = readElement(bytes, at, syntax)
    if (member.tag === itemEnd) return member.at
    at = member.isSequence ? endOfSequence(bytes, member, syntax, depth + 1) : member.at + member.length
  }
}

function inflated(bytes: Buffer): Buffer {
  try {
    return inflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 16 * dicomHeadBytes })
  } catch {
    throw new Unreadable()
  }
}

function ascii(bytes: Buffer | undefined): string {
  return (bytes?.toString('latin1') ?? '').replaceAll(/[\0\s]+$/g, '').trim()
}

/** `20041231` → `2004-12-31`; null for what is no day. */
function dateOf(text: string): string | null {
  const [, year, month, day] = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(text) ?? []
  if (year === undefined) return null
  try {
    return Temporal.PlainDate.from(`${year}-${month}-${day}`, { overflow: 'reject' }).toString()
  } catch {
    return null
  }
}

/** PS3.3, C.12.1.1.2: defined terms of character sets, and what the encoding standard calls them. */
const characterSets: Readonly<Record<string, string>> = {
  ISO_IR_100: 'iso-8859-1',
  ISO_IR_101: 'iso-8859-2',
  ISO_IR_109: 'iso-8859-3',
  ISO_IR_110: 'iso-8859-4',
  ISO_IR_144: 'iso-8859-5',
  ISO_IR_127: 'iso-8859-6',
  ISO_IR_126: 'iso-8859-7',
  ISO_IR_138: 'iso-8859-8',
  ISO_IR_148: 'windows-1254',
  ISO_IR_166: 'windows-874',
  ISO_IR_13: 'shift_jis',
  ISO_IR_87: 'iso-2022-jp',
  ISO_IR_159: 'iso-2022-jp',
  ISO_IR_149: 'euc-kr',
  ISO_IR_58: 'gb2312',
  ISO_IR_192: 'utf-8',
  GB18030: 'gb18030',
  GBK: 'gbk',
}

function decoderOf(named: string): (bytes: Buffer | undefined) => string {
  const terms = named.split('\\').map((term) =>
    term
      .trim()
      .replace(/^ISO 2022 IR /, 'ISO_IR ')
      .replaceAll(' ', '_'),
  )
  const encoding = characterSets[terms.findLast((term) => term in characterSets) ?? ''] ?? 'utf-8'
  return (bytes) =>
    new TextDecoder(encoding)
      .decode(bytes ?? Buffer.alloc(0))
      .replaceAll(/[\0\s]+$/g, '')
      .trim()
}
