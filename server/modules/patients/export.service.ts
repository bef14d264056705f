import { randomUUIDv7 } from 'node:crypto'
import { Readable } from 'node:stream'
import { ZipFile } from 'yazl'
import { isOwn, requireWholeRecord, writeDisclosure } from './disclosure.service.ts'
import { type ExportLink, exportRunning, exportSpent, type NewExport, recipientRequired } from './export.contract.ts'
import { type ExportContent, verified } from './export-content.ts'
import { collectFiles, type ExportFile, fileOf } from './export-files.ts'
import {
  beginExport,
  countRunning,
  endExport,
  type ExportRow,
  findExport,
  insertExport,
  queueExports,
  spendExport,
} from './export-link.store.ts'
import { openRecordPdf } from './export-pdf.ts'
import { openKeyOf } from './patient.sealing.ts'
import { unattendedDatabase } from './unattended.ts'
import { invalidRequest, notFound, Problem } from '#platform/contract/problem.ts'
import { certain } from '#platform/certain.ts'
import type { Context } from '#platform/context.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { openJson, sealJson } from '#platform/encryption/sealing.ts'
import { readContent } from '#platform/storage/content.ts'

type Stated = { recipient: NonNullable<NewExport['recipient']>; purpose: string }

const pieceLength = 65_536

const place = (row_id: string) => ({ table: 'patient_exports', column: 'sealed_recipient', row_id })

/**
 * One's own record at once.
 * @throws Problem notFound, patientErased, patientMerged, recipientRequired, exportRunning
 */
export async function exportOwn(ctx: Context, patient_id: string): Promise<Readable> {
  const row = await ctx.database.transaction(async (tx) => {
    await requireWholeRecord(ctx, tx, patient_id)
    if (!isOwn(ctx, patient_id)) throw new Problem(recipientRequired)
    await takeTurn(ctx, tx)
    const id = randomUUIDv7()
    await tx.run(insertExport({ id, patient_id, user_id: userOf(ctx) }))
    await tx.run(beginExport(id))
    return { id, patient_id, sealed_recipient: null, is_spent: false }
  })
  return send(ctx, row)
}

/** @throws Problem notFound, invalidRequest, patientErased, patientMerged */
export async function makeExportLink(ctx: Context, patient_id: string, body: NewExport): Promise<ExportLink> {
  const stated = readStated(ctx, patient_id, body)
  return ctx.database.transaction(async (tx) => {
    const patient = await requireWholeRecord(ctx, tx, patient_id)
    const key = openKeyOf(ctx.system.keys.keyring, patient)
    const id = randomUUIDv7()
    const sealed = stated && { key_id: key.id, sealed_recipient: sealJson(key, place(id), stated) }
    const made = await tx.one(insertExport({ id, patient_id, user_id: userOf(ctx) }, sealed))
    tx.audit({
      action: 'patient.export_link',
      resource_type: 'patient_export',
      resource_id: made.id,
      patient_id,
      details: { for_somebody_else: stated !== undefined },
    })
    return { ...made, patient_id, url: `/api/v1/patient-exports/${made.id}` }
  })
}

/** @throws Problem notFound, patientErased, patientMerged, exportRunning, exportSpent */
export async function fetchExport(ctx: Context, export_id: string): Promise<Readable> {
  const row = await ctx.database.transaction(async (tx) => {
    const found = await tx.first(findExport(export_id, userOf(ctx)))
    if (!found) throw new Problem(notFound)
    ctx.saw({ patient_id: found.patient_id })
    await requireWholeRecord(ctx, tx, found.patient_id)
    if (found.is_spent) throw new Problem(exportSpent)
    await takeTurn(ctx, tx)
    await tx.run(beginExport(export_id))
    return found
  })
  return send(ctx, row)
}

/** Staff say for whom and why; a patient takes the own record, and is not asked. */
function readStated(ctx: Context, patient_id: string, { recipient, purpose }: NewExport): Stated | undefined {
  if (isOwn(ctx, patient_id)) return undefined
  if (recipient && purpose) return { recipient, purpose }
  const missing = { recipient, purpose }
  const errors = (['recipient', 'purpose'] as const).flatMap((member) =>
    missing[member]
      ? []
      : [
          {
            path: `/body/${member}`,
            code: 'required',
            message: 'A copy for somebody else is disclosed: say for whom and why',
          },
        ],
  )
  throw new Problem(invalidRequest, { errors })
}

/** @throws Problem exportRunning while this user fetches another copy, from whichever server */
async function takeTurn(ctx: Context, tx: Tx) {
  const user_id = userOf(ctx)
  await tx.run(queueExports(user_id))
  const running = await tx.one(countRunning(user_id))
  if (running.count > 0) throw new Problem(exportRunning, { retry_after_seconds: 10 })
}

/** The copy is spent, and disclosed, only when everything that is in it could be read. */
async function send(ctx: Context, row: ExportRow): Promise<Readable> {
  const { id, patient_id } = row
  const end = () => unattendedDatabase(ctx.system, {}).once((tx) => tx.run(endExport(id)))
  try {
    const { files, contents } = await collectFiles(ctx, patient_id)
    const { whole, missing } = await verified({ storage: ctx.storage, log: ctx.system.log }, contents)
    const patient_number = await ctx.database.transaction(async (tx) => {
      const patient = await requireWholeRecord(ctx, tx, patient_id)
      if ((await tx.run(spendExport(id))) === 0) throw new Problem(exportSpent)
      await disclose(ctx, tx, row)
      return patient.patient_number
    })
    ctx.saw({ patient_id, details: { files: Object.fromEntries(files.map(({ name, rows }) => [name, rows])) } })
    ctx.header('content-type', 'application/zip')
    ctx.header('content-disposition', `attachment; filename="${patient_number}.zip"`)
    const stream = await zip(ctx, patient_number, files, whole, missing)
    // Whoever hangs up gives the turn back too; a failure here costs five minutes of waiting.
    stream.once('close', () => void end().catch(() => undefined))
    return stream
  } catch (error) {
    await end().catch(() => undefined)
    throw error
  }
}

async function disclose(
  ctx: Context,
  tx: Tx,
  { id, patient_id, key_id, kek_id, wrapped, sealed_recipient }: ExportRow,
) {
  if (!sealed_recipient || !key_id || !kek_id || !wrapped) return
  const key = openKeyOf(ctx.system.keys.keyring, { key_id, kek_id, wrapped })
  const { recipient, purpose } = openJson<Stated>(key, place(id), sealed_recipient)
  await writeDisclosure(ctx, tx, key, {
    patient_id,
    kind: 'export',
    disclosed_at: Temporal.Now.instant().toString(),
    recipient,
    description: 'A copy of the whole record',
    purpose,
  })
}

async function zip(
  ctx: Context,
  patient_number: string,
  files: readonly ExportFile[],
  contents: readonly ExportContent[],
  missing_documents: readonly string[],
): Promise<Readable> {
  const exported_at = Temporal.Now.instant().toString()
  const rows = Object.fromEntries(files.map(({ name, rows: count }) => [name, count]))
  const about = fileOf('about', [{ patient_number, exported_at, rows, missing_documents }], false)
  const archive = new ZipFile()
  const stream = archive.outputStream as Readable
  // A file that breaks off breaks the copy off: an error that nobody hears would end the server.
  const breakOff = (error: Error) => stream.destroy(error)
  archive.on('error', breakOff)
  const { timezone } = ctx.system.configuration
  const pdf = await openRecordPdf({ patient_number, exported_at, timezone, files })
  archive.addReadStream(pdf, 'record.pdf')
  const add = (path: string, options: object, source: () => AsyncIterable<Buffer>) =>
    archive.addReadStreamLazy(path, options, (give) =>
      give(null, Readable.from(source(), { objectMode: false }).once('error', breakOff)),
    )
  for (const file of [about, ...files]) add(`${file.name}.json`, {}, () => jsonOf(file))
  const { storage } = ctx
  for (const { path, chunks, size_bytes } of contents)
    add(path, { size: size_bytes, compress: false }, () => readContent(storage, chunks))
  archive.end()
  stream.once('close', () => pdf.destroy())
  return stream
}

/** In pieces of some rows: a piece for each would cost more than the row. */
async function* jsonOf({ is_list, read }: ExportFile): AsyncGenerator<Buffer> {
  if (!is_list) {
    for await (const row of read(0)) yield Buffer.from(`${JSON.stringify(row, null, 2)}\n`)
    return
  }
  let part = '['
  let separator = '\n'
  for await (const row of read(0)) {
    part += `${separator}  ${JSON.stringify(row, null, 2).replaceAll('\n', '\n  ')}`
    separator = ',\n'
    if (part.length < pieceLength) continue
    yield Buffer.from(part)
    part = ''
  }
  yield Buffer.from(`${part}${separator === '\n' ? '' : '\n'}]\n`)
}

function userOf({ actor }: Context): string {
  return certain(actor.user_id, 'user')
}
