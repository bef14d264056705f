// Which rows of an import are new people, which are known, and which are refused for what others have.
import { type ReadRow, type RefusedRow, refusal } from './import-reading.ts'
import type { ImportFinding } from './import.contract.ts'
import type { PatientToken } from './patient-tokens.ts'

/**
 * What was there before a row, as texts. A source leads to the name that came with it in this import, or to whether the
 * person imported before still has the row's name (`same`), has another (`other`) or is no more (`erased`).
 */
export type Earlier = { sources: Map<string, string>; tokens: Set<string> }

export const isName = ({ kind }: PatientToken) => kind === 'name_birth_date'
/** Phones and addresses are shared in families, and say nothing by themselves. */
export const isJudged = ({ kind }: PatientToken) => kind !== 'phone' && kind !== 'email'
export const textOf = ({ kind, key_version, token }: PatientToken) => `${kind} ${key_version} ${token.toString('hex')}`

const sourceOf = ({ source_hash }: ReadRow) => source_hash.toString('hex')
const nameOf = ({ tokens }: ReadRow) => tokens.filter(isName).map(textOf).join()

/** Adds to `earlier` what the accepted rows bring, so that a file is also compared with itself. */
export function judgeRows(rows: readonly (ReadRow | RefusedRow)[], earlier: Earlier) {
  const findings: ImportFinding[] = []
  const accepted: ReadRow[] = []
  let rows_known = 0
  for (const row of rows) {
    if (!('record' in row)) {
      findings.push(...row.findings)
      continue
    }
    const known = earlier.sources.get(sourceOf(row))
    if (known === 'erased') {
      findings.push(erasedPerson(row))
      continue
    }
    // Whose row has come before word for word is known, whatever they are called today.
    if (known !== undefined && (!row.has_external_id || known === 'same' || known === nameOf(row))) {
      rows_known += 1
      continue
    }
    const refused = known === undefined ? takenIdentifier(row, earlier) : otherPerson(row)
    if (refused) {
      findings.push(refused)
      continue
    }
    if (row.tokens.some((token) => isName(token) && earlier.tokens.has(textOf(token))))
      findings.push(likelyDuplicate(row))
    accepted.push(row)
    remember(earlier, [row])
  }
  return { accepted, findings, rows_known }
}

export function remember({ sources, tokens }: Earlier, rows: readonly ReadRow[]) {
  for (const row of rows) {
    sources.set(sourceOf(row), nameOf(row))
    for (const token of row.tokens) if (isJudged(token)) tokens.add(textOf(token))
  }
}

function takenIdentifier({ line, tokens }: ReadRow, earlier: Earlier): ImportFinding | undefined {
  const taken = tokens.find((token) => isJudged(token) && !isName(token) && earlier.tokens.has(textOf(token)))
  return (
    taken && refusal(line, taken.kind, 'duplicate_identifier', 'Another patient is registered with this identifier')
  )
}

function erasedPerson({ line }: ReadRow): ImportFinding {
  const reason =
    'This row was imported before, and its person has been erased: remove it from the file, or register them at the desk if they come again'
  return refusal(line, null, 'person_erased', reason)
}

function otherPerson({ line }: ReadRow): ImportFinding {
  const reason = 'Another person was imported with this external_id: their name or birth date differs'
  return refusal(line, 'external_id', 'external_id_of_another', reason)
}

function likelyDuplicate({ line }: ReadRow): ImportFinding {
  const reason =
    'Registered, and somebody with this name and birth date is registered too: compare them, and merge the two if they are one'
  return { line, field: null, code: 'likely_duplicate', reason, refused: false }
}
