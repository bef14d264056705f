// Files and forms for tests of documents.
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Document } from './document.contract.ts'
import type { Person, TestApi } from '../../testing.ts'

export type GivenFile = { bytes: Buffer; name: string; type?: string }
export type Answer = { status: number; text: string; headers: Record<string, unknown>; json: Record<string, unknown> }

const boundary = 'a-boundary-of-the-test'

/** A form, its file at the end unless it is said to come first. */
export function formOf(fields: Record<string, string>, file: GivenFile | undefined, isFirst = false): Buffer {
  const texts = Object.entries(fields).map(([name, value]) =>
    Buffer.from(`--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`),
  )
  const type = `content-type: ${file?.type ?? 'application/octet-stream'}\r\n`
  const head = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${file?.name}"\r\n${type}\r\n`
  const part = file ? [Buffer.from(head), file.bytes, Buffer.from('\r\n')] : []
  return Buffer.concat([...(isFirst ? [...part, ...texts] : [...texts, ...part]), Buffer.from(`--${boundary}--\r\n`)])
}

export const formType = `multipart/form-data; boundary=${boundary}`

export function clientOf(api: TestApi) {
  async function ask(who: Person, method: 'GET' | 'POST' | 'DELETE', url: string, headers = {}, payload?: Buffer) {
    const reply = await api.app.http.inject({
      method,
      url,
      headers: { authorization: `Bearer ${who.token}`, ...headers },
      ...(payload ? { payload } : {}),
    })
    const isJson = /json/.test(String(reply.headers['content-type']))
    const json = isJson ? (JSON.parse(reply.body) as Record<string, unknown>) : {}
    const { statusCode: status, body: text, headers: answered, rawPayload: bytes } = reply
    return { status, text, headers: answered as Record<string, unknown>, json, bytes }
  }
  const upload = (
    who: Person,
    fields: Record<string, string>,
    file: GivenFile | undefined,
    { headers = {}, is_first = false }: { headers?: Record<string, string>; is_first?: boolean } = {},
  ) => ask(who, 'POST', '/api/v1/documents', { 'content-type': formType, ...headers }, formOf(fields, file, is_first))
  return {
    ask,
    upload,
    /** One that is taken. @throws with the answer when it is not */
    async add(who: Person, patient_id: string, file = aText(), fields: Record<string, string> = {}): Promise<Document> {
      const answer = await upload(who, { patient_id, title: 'A document', ...fields }, file)
      if (answer.status >= 300) throw new Error(`${answer.status}: ${answer.text}`)
      return Document.parse(answer.json)
    },
    content: (who: Person, id: string) => ask(who, 'GET', `/api/v1/documents/${id}/content`),
  }
}

/** Every file in the folder of documents, by its path. */
export function storedFiles(api: TestApi): string[] {
  const { storage } = api.configuration
  if (!('folder' in storage)) throw new Error('documents do not lie in a folder')
  const { folder } = storage
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
  } catch {
    return []
  }
}

/** In order, for answers that came in any. */
export const statusesOf = (answers: readonly { status: number }[]) =>
  answers.map(({ status }) => status).toSorted((one, other) => one - other)

export const aText = (text = `Blood count of ${randomBytes(8).toString('hex')}, nothing unusual.\n`): GivenFile => ({
  bytes: Buffer.from(text),
  name: 'report.txt',
  type: 'text/plain',
})

export const aPdf = (inside = '', bytes = 0): GivenFile => ({
  bytes: Buffer.concat([
    Buffer.from(`%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R ${inside} >>\nendobj\n`),
    Buffer.from('2 0 obj\n<< /Type /Pages /Count 0 /Kids [] >>\nendobj\n'),
    Buffer.from(`% ${randomBytes(8).toString('hex')} ${' '.repeat(bytes)}\ntrailer << /Root 1 0 R >>\n%%EOF\n`),
  ]),
  name: 'letter.pdf',
  type: 'application/pdf',
})

const u16 = (value: number) => Buffer.from([value & 255, value >> 8])
/** A file of DICOM, explicit little endian, with these members. */
export function aDicom(
  members: readonly (readonly [group: number, element: number, form: string, text: string])[],
): GivenFile {
  const element = ([group, number, form, text]: (typeof members)[number]) => {
    const value = Buffer.from(text.length % 2 === 0 ? text : `${text} `)
    const even = value.length % 2 === 0 ? value : Buffer.concat([value, Buffer.from(' ')])
    return Buffer.concat([u16(group), u16(number), Buffer.from(form), u16(even.length), even])
  }
  const meta = element([2, 0x10, 'UI', '1.2.840.10008.1.2.1\0'])
  const pixels = Buffer.concat([
    u16(0x7fe0),
    u16(0x10),
    Buffer.from('OW\0\0'),
    Buffer.from([16, 0, 0, 0]),
    Buffer.alloc(16, 7),
  ])
  const bytes = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), meta, ...members.map(element), pixels])
  return { bytes, name: 'IM0001.dcm', type: 'application/dicom' }
}

export function readMaterial(path: string): Buffer | undefined {
  try {
    return readFileSync(new URL(`../../../../shared/material/${path}`, import.meta.url))
  } catch {
    return undefined
  }
}
