// An emergency copy as people read it: lines for a terminal, a page to print. In English, as all commands are.
import type { CopiedPatient, CopyContent } from './copy-content.ts'
import type { Head } from './copy-file.ts'

const unread = 'COULD NOT BE READ'

/** How old it is, in words. */
function headingOf({ department, made_at }: Head, { timezone, patients }: CopyContent, now: Temporal.Instant) {
  const at = Temporal.Instant.from(made_at).toZonedDateTimeISO(timezone)
  const minutes = Math.floor(Temporal.Instant.from(made_at).until(now).total('minutes'))
  const when = `${at.toPlainDate().toString()} ${at.toPlainTime().toString({ smallestUnit: 'minute' })} (${timezone})`
  return {
    title: `${department}: who is here and what they are given`,
    as_of: `As of ${when}, ${minutes} minutes ago. Patients: ${patients.length}. Nothing that happened since is in it.`,
  }
}

function linesOf(patient: CopiedPatient): [label: string, text: string][] {
  const { visit, allergies, conditions, medicines } = patient
  const listed = (items: string[] | null) =>
    items === null ? unread : items.length === 0 ? 'none known' : items.join('; ')
  return [
    ['Born', [patient.date_of_birth ?? unread, patient.gender, patient.blood_type ?? ''].filter(Boolean).join(', ')],
    ['Number', patient.patient_number],
    ...(visit
      ? [
          ['Visit', `${visit.type}, ${visit.status}, priority ${visit.priority}, since ${visit.opened_at}`] as [
            string,
            string,
          ],
        ]
      : []),
    ...(patient.news2_score === null ? [] : [['NEWS2', String(patient.news2_score)] as [string, string]]),
    ...(patient.alerts.length === 0
      ? []
      : [['ALERTS', patient.alerts.map((reason) => reason.replaceAll('_', ' ')).join('; ')] as [string, string]]),
    [
      'ALLERGIES',
      listed(
        allergies &&
          allergies.map(({ substance, severity, reaction }) =>
            [`${substance} (${severity.replaceAll('_', ' ')})`, reaction].filter(Boolean).join(', '),
          ),
      ),
    ],
    ['Conditions', listed(conditions)],
    ...(medicines === null
      ? [['Medicines', unread] as [string, string]]
      : medicines.length === 0
        ? [['Medicines', 'none prescribed here'] as [string, string]]
        : medicines.map(
            ({ name, dosage, form, route, frequency, instructions }) =>
              ['Medicine', [name, dosage, form, route, frequency, instructions].filter(Boolean).join(', ')] as [
                string,
                string,
              ],
          )),
  ]
}

const placeOf = ({ bed, ward }: CopiedPatient) => (bed === null ? 'No bed' : [ward, bed].filter(Boolean).join(', '))
const nameOf = ({ last_name, first_name }: CopiedPatient) =>
  [last_name, first_name].filter(Boolean).join(', ') || 'Name not known'

export function textPage(head: Head, content: CopyContent, now = Temporal.Now.instant()): string {
  const { title, as_of } = headingOf(head, content, now)
  const patients = content.patients.map((patient) =>
    [
      `${placeOf(patient)}: ${nameOf(patient)}`,
      ...linesOf(patient).map(([label, text]) => `    ${label.padEnd(11)}${text}`),
    ].join('\n'),
  )
  // What somebody typed into a name must not steer the terminal.
  return printable([title, as_of, '', ...patients].join('\n'))
}

// eslint-disable-next-line no-control-regex
const printable = (text: string) => text.replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '\u{fffd}')

export function htmlPage(head: Head, content: CopyContent, now = Temporal.Now.instant()): string {
  const { title, as_of } = headingOf(head, content, now)
  const patients = content.patients.map(
    (patient) =>
      `<section><h2>${escaped(placeOf(patient))}: ${escaped(nameOf(patient))}</h2><table>${linesOf(patient)
        .map(([label, text]) => `<tr><th scope="row">${escaped(label)}</th><td>${escaped(text)}</td></tr>`)
        .join('')}</table></section>`,
  )
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title><style>
body { font: 12pt sans-serif; margin: 1.5cm } section { break-inside: avoid; border-top: 1px solid } h2 { font-size: 13pt }
th { text-align: left; vertical-align: top; padding-right: 1em; font-weight: 600 } td { overflow-wrap: anywhere }
</style></head><body><h1>${escaped(title)}</h1><p><strong>${escaped(as_of)}</strong></p>${patients.join('')}</body></html>\n`
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
