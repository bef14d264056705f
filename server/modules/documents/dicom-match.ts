// Whether a DICOM file is of the person whose record it is to stand in, and of the study that was asked for. What neither says is not
// compared; a file of which nothing could be compared is nobody's.
import type { DicomHeader } from './document.contract.ts'

export type Person = {
  patient_number: string
  first_name: string | null
  middle_name: string | null
  last_name: string | null
  date_of_birth: string | null
}

export type Mismatch = 'name' | 'birth_date' | 'patient_id' | 'study' | 'study_date' | 'nobody'

/** Numbers that this house gives: any other id is one of another house, and says nothing here. */
const ownNumber = /^PT-\d{8}-\d{4,}$/i

export function mismatchesOf(
  dicom: DicomHeader,
  person: Person,
  { study_instance_uid, today }: { study_instance_uid: string | undefined; today: string },
): Mismatch[] {
  const compared = [
    ['name', sameName(dicom.patient_name, person)],
    ['birth_date', same(dicom.patient_birth_date, person.date_of_birth)],
    ['patient_id', sameNumber(dicom.patient_id, person.patient_number)],
  ] as const
  const mismatches: Mismatch[] = compared.filter(([, isSame]) => isSame === false).map(([what]) => what)
  if (compared.every(([, isSame]) => isSame === undefined)) mismatches.push('nobody')
  if (study_instance_uid !== undefined && dicom.study_instance_uid !== study_instance_uid) mismatches.push('study')
  const { study_date } = dicom
  const tomorrow = Temporal.PlainDate.from(today).add({ days: 1 }).toString()
  const isImpossible =
    study_date !== null &&
    (study_date > tomorrow || (person.date_of_birth !== null && study_date < person.date_of_birth))
  if (isImpossible) mismatches.push('study_date')
  return mismatches
}

/** Undefined where one of them says nothing. */
function same(one: string | null, other: string | null): boolean | undefined {
  return one === null || other === null ? undefined : one === other
}

function sameNumber(patient_id: string | null, patient_number: string): boolean | undefined {
  if (patient_id === null || !ownNumber.test(patient_id)) return undefined
  return patient_id.toUpperCase() === patient_number
}

/**
 * `Family^Given^Middle^Prefix^Suffix`, up to three times for three scripts (PS3.5, 6.2). One of them has every word of the record's first
 * and last name, or is made of words of the record with one of the last name among them and one of the first.
 */
function sameName(name: string | null, { first_name, middle_name, last_name }: Person): boolean | undefined {
  const [first, middle, last] = [wordsOf(first_name), wordsOf(middle_name), wordsOf(last_name)]
  if (name === null || (first.length === 0 && last.length === 0)) return undefined
  const groups = name.split('=').map((group) => wordsOf(group.split('^').slice(0, 3).join(' ')))
  const present = groups.filter((words) => words.length > 0)
  if (present.length === 0) return undefined
  const known = new Set([...first, ...middle, ...last])
  return present.some((words) => {
    const said = new Set(words)
    const hasAll = [...first, ...last].every((word) => said.has(word))
    const isPart = words.every((word) => known.has(word))
    const hasSome = (part: readonly string[]) => part.length === 0 || part.some((word) => said.has(word))
    return hasAll || (isPart && hasSome(first) && hasSome(last))
  })
}

function wordsOf(text: string | null): string[] {
  const plain = (text ?? '')
    .normalize('NFKD')
    .replaceAll(/\p{Mn}/gu, '')
    .toLowerCase()
  return plain.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '')
}
