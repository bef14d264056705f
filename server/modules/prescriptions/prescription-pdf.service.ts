// A signed prescription on paper: what was prescribed, by whom, for whom, and the code by which anyone can ask whether it is valid.
import { fileURLToPath } from 'node:url'
import type { Readable } from 'node:stream'
import { readPerson } from '#modules/patients'
import { certain } from '#platform/certain.ts'
import type { Context } from '#platform/context.ts'
import { Problem } from '#platform/contract/problem.ts'
import { type Prescription, prescriptionNotSigned } from './prescription.contract.ts'
import { shownPrescription } from './prescription.sealing.ts'
import { readPrescription } from './prescription.service.ts'
import { findPrescriber, type Prescriber } from './prescription.store.ts'

const margin = 56
const qrPoints = 110
const fonts = {
  text: fileURLToPath(import.meta.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf')),
  bold: fileURLToPath(import.meta.resolve('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf')),
}

type Language = 'en' | 'es'
const texts = {
  en: {
    title: 'Prescription',
    patient: 'Patient',
    born: 'Born',
    number: 'Record',
    doctor: 'Prescribed by',
    license: 'License',
    signed: 'Signed',
    until: 'Valid until',
    dose: 'Dose',
    route: 'Route',
    days: 'Days',
    quantity: 'Quantity',
    refills: 'Refills',
    instructions: 'Instructions',
    notes: 'Notes',
    code: 'Verification code',
    verify: 'Scan the code to see whether this prescription is valid. It shows nothing else.',
  },
  es: {
    title: 'Receta médica',
    patient: 'Paciente',
    born: 'Fecha de nacimiento',
    number: 'Historia',
    doctor: 'Prescrita por',
    license: 'Número de colegiado',
    signed: 'Firmada',
    until: 'Válida hasta',
    dose: 'Dosis',
    route: 'Vía',
    days: 'Días',
    quantity: 'Cantidad',
    refills: 'Renovaciones',
    instructions: 'Indicaciones',
    notes: 'Notas',
    code: 'Código de verificación',
    verify: 'Escanee el código para saber si esta receta es válida. No muestra nada más.',
  },
} as const satisfies Record<Language, Record<string, string>>

/** @throws Problem notFound, prescriptionNotSigned */
export async function printPrescription(ctx: Context, id: string, asked: Language | undefined): Promise<Readable> {
  const { configuration } = ctx.system
  const stored = await readPrescription(ctx, id)
  if (stored.status !== 'signed' && stored.status !== 'dispensed')
    throw new Problem(prescriptionNotSigned, { prescription_status: stored.status })
  const [prescriber, card] = await Promise.all([
    ctx.database.once((tx) => tx.first(findPrescriber(stored.doctor_id))),
    readPerson(ctx, stored.patient_id),
  ])
  ctx.header('content-type', 'application/pdf')
  ctx.header('content-disposition', `attachment; filename="${stored.prescription_number}.pdf"`)
  const url = `${configuration.public_url}/api/v1/prescriptions/verify/${stored.verification_code ?? ''}`
  return openPrescriptionPdf({
    prescription: shownPrescription(ctx, stored),
    prescriber: certain(prescriber, 'doctor of a prescription'),
    patient: { name: [card.first_name, card.middle_name, card.last_name].filter(Boolean).join(' '), ...card },
    url,
    timezone: configuration.timezone,
    language: asked ?? configuration.language,
  })
}

export type PrescriptionPdf = {
  prescription: Prescription
  prescriber: Prescriber
  patient: { name: string; date_of_birth: string | null; patient_number: string }
  url: string
  /** Days are told in it. */
  timezone: string
  language: Language
}

/** Writes while it is read. */
export async function openPrescriptionPdf({
  prescription,
  prescriber,
  patient,
  url,
  timezone,
  language,
}: PrescriptionPdf): Promise<Readable> {
  // Loaded for the first print, not with the server.
  const [{ default: PDFDocument }, { default: qrcode }] = await Promise.all([import('pdfkit'), import('qrcode')])
  const say = texts[language]
  const { prescription_number, signed_at, expires_at, verification_code } = prescription
  const day = (at: string | null) =>
    at === null ? '' : Temporal.Instant.from(at).toZonedDateTimeISO(timezone).toPlainDate().toString()
  const document = new PDFDocument({
    size: 'A4',
    margin,
    lang: language,
    info: { Title: `${say.title} ${prescription_number}` },
  })
  document.registerFont('text', fonts.text).registerFont('bold', fonts.bold)
  const bold = (text: string, size: number) => document.font('bold').fontSize(size).text(text)
  const member = (label: string, value: string | null) => {
    if (value === null || value === '') return
    document.font('bold').fontSize(9.5).text(`${label}: `, { continued: true }).font('text').text(value)
  }
  const qr = await qrcode.toBuffer(url, { errorCorrectionLevel: 'M', margin: 1, width: 440 })
  document.image(qr, document.page.width - margin - qrPoints, margin, { width: qrPoints })
  bold(`${say.title} ${prescription_number}`, 16)
  document.moveDown(0.5)
  member(say.patient, patient.name)
  member(say.born, patient.date_of_birth)
  member(say.number, patient.patient_number)
  member(say.doctor, `${prescriber.first_name} ${prescriber.last_name}, ${prescriber.specialization}`)
  member(say.license, prescriber.license_number)
  member(say.signed, day(signed_at))
  member(say.until, day(expires_at))
  document.y = Math.max(document.y, margin + qrPoints) + 12
  for (const [index, medicine] of prescription.medicines.entries()) {
    bold(`${index + 1}. ${[medicine.name, medicine.form].filter(Boolean).join(', ')}`, 11.5)
    member(say.dose, `${medicine.dosage}, ${medicine.frequency}`)
    member(say.route, medicine.route)
    member(say.days, String(medicine.duration_days))
    member(say.quantity, String(medicine.quantity))
    member(say.refills, String(medicine.refills))
    member(say.instructions, medicine.instructions)
    document.moveDown(0.6)
  }
  member(say.notes, prescription.notes)
  document.moveDown(1)
  member(say.code, verification_code)
  document.font('text').fontSize(8).text(say.verify).text(url)
  document.end()
  return document as unknown as Readable
}
