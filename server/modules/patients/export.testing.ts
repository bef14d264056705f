// For tests of exports: asking for a copy and reading what it holds.
import { text } from 'node:stream/consumers'
import yauzl from 'yauzl'
import { exportApi } from './export.contract.ts'
import { textOfPdf } from './export-pdf.testing.ts'
import type { Person, TestApi } from '../../testing.ts'

export const insurer = {
  recipient: { name: 'Harbour Insurance', address: '12 Quay Street' },
  purpose: 'Claim 17',
}

export type Row = Record<string, unknown>

export function copiesOf(api: () => TestApi) {
  const get = (who: Person, url: string) =>
    api().app.http.inject({ method: 'GET', url, headers: { authorization: `Bearer ${who.token}` } })
  return {
    get,
    /** One's own. */
    download: (who: Person, patient_id: string) => get(who, exportApi.export.path.replace('{patient_id}', patient_id)),
    /** As staff do: for somebody, by a link. */
    fetchFor: async (who: Person, patient_id: string) => {
      const { url } = await who.call(exportApi.make_link, { params: { patient_id }, body: insurer })
      return get(who, url)
    },
  }
}

export const codeOf = (answer: { statusCode: number; json: <T>() => T }) => [
  answer.statusCode,
  answer.json<{ code: string }>().code,
]

/** Every file, read: of the PDF the words. */
export async function unzip(bytes: Buffer): Promise<Map<string, unknown>> {
  const archive = await yauzl.fromBufferPromise(bytes, { lazyEntries: true })
  const files = new Map<string, unknown>()
  for await (const entry of archive.eachEntry()) {
    const stream = await archive.openReadStreamPromise(entry)
    if (entry.fileName.endsWith('.pdf')) files.set(entry.fileName, textOfPdf(Buffer.concat(await stream.toArray())))
    else files.set(entry.fileName, JSON.parse(await text(stream)))
  }
  return files
}

export const rowsOf = (files: Map<string, unknown>, name: string) => (files.get(`${name}.json`) ?? []) as Row[]
