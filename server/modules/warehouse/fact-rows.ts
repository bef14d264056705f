// Facts as rows of the warehouse: ids of people become pseudonyms, and the dates of each person are moved by their weeks. Pure.
import { loinc, openSigned } from '#modules/assessments'
import { openMedicines } from '#modules/prescriptions'
import type { Keyring } from '#platform/encryption/keyring.ts'
import type { Row } from './columns.ts'
import type {
  AlertFact,
  AppointmentFact,
  AssessmentFact,
  AssignmentFact,
  DocumentFact,
  OfPatient,
  PrescriptionFact,
  VisitFact,
} from './fact.store.ts'
import type { LocalDays } from './local-days.ts'
import type { PseudonymOf, Pseudonyms } from './pseudonyms.ts'

export type Telling = { pseudonyms: Pseudonyms; days: LocalDays; shift_weeks: number; keyring: Keyring }

/** How the row of one person is told. */
function tellingOf({ pseudonyms, days, shift_weeks }: Telling, { patient_id, moved_by }: OfPatient) {
  const moved_days = 7 * pseudonyms.weeksOf(moved_by, shift_weeks)
  return {
    patient_key: patient_id && pseudonyms.of('patient', patient_id),
    at: (microseconds: number) => days.moved(microseconds, moved_days),
    maybeAt: (microseconds: number | null) => microseconds && days.moved(microseconds, moved_days),
    date: (microseconds: number) => days.dayOf(microseconds) + moved_days,
    key: (kind: PseudonymOf, id: string) => pseudonyms.of(kind, id),
    maybeKey: (kind: PseudonymOf, id: string | null) => id && pseudonyms.of(kind, id),
  }
}

export function appointmentRow(telling: Telling, fact: AppointmentFact): Row {
  const { id, patient_id: _, moved_by: __, doctor_id, starts_at, ends_at, ...rest } = fact
  const { patient_key, key, at, date } = tellingOf(telling, fact)
  return {
    ...rest,
    appointment_key: key('appointment', id),
    patient_key,
    doctor_key: key('doctor', doctor_id),
    date: date(starts_at),
    starts_at: at(starts_at),
    ends_at: at(ends_at),
  }
}

export function visitRow(telling: Telling, fact: VisitFact): Row {
  const {
    id,
    patient_id: _,
    moved_by: __,
    doctor_id,
    department_id,
    appointment_id,
    opened_at,
    closed_at,
    ...rest
  } = fact
  const { patient_key, key, maybeKey, at, maybeAt, date } = tellingOf(telling, fact)
  return {
    ...rest,
    visit_key: key('visit', id),
    patient_key,
    doctor_key: maybeKey('doctor', doctor_id),
    department_key: department_id,
    appointment_key: maybeKey('appointment', appointment_id),
    date: date(opened_at),
    opened_at: at(opened_at),
    closed_at: maybeAt(closed_at),
  }
}

const signs = Object.keys(loinc)

/**
 * A row for each sign that was measured. An amended assessment has one for every sign, empty where it says nothing now: it takes the
 * place of what was said before. What cannot be opened (of a person who was erased) says nothing.
 */
export function vitalSignRows(telling: Telling, fact: AssessmentFact): Row[] {
  const content = openSigned(telling.keyring, { ...fact, id: fact.version_id })
  if (content?.kind !== 'nursing') return []
  const { patient_key, key, at, date } = tellingOf(telling, fact)
  const measured = (content.form.vital_signs ?? {}) as Readonly<Record<string, number | string | boolean | null>>
  const flagged = new Set(content.derived.flags.filter(({ flag }) => flag !== 'not_assessed').map(({ field }) => field))
  const told = new Set([
    ...(fact.is_amended ? signs : []),
    ...Object.keys(measured).filter((sign) => (measured[sign] ?? null) !== null),
  ])
  return [...told].sort().map((sign) => {
    const value = measured[sign] ?? null
    const [loinc_code = null, unit = null] = loinc[sign] ?? []
    return {
      assessment_key: key('assessment', fact.id),
      sign,
      patient_key,
      visit_key: key('visit', fact.visit_id),
      date: date(fact.taken_at),
      taken_at: at(fact.taken_at),
      finalized_at: at(fact.finalized_at),
      loinc_code,
      unit,
      value: typeof value === 'number' ? value : null,
      value_code: typeof value === 'number' || value === null ? null : String(value),
      is_flagged: flagged.has(sign),
      is_amended: fact.is_amended,
    }
  })
}

export function assignmentRow(telling: Telling, fact: AssignmentFact): Row {
  const {
    id,
    patient_id: _,
    moved_by: __,
    resource_id,
    assigned_at,
    expected_release_at,
    released_at,
    moved_from_id,
    ...rest
  } = fact
  const { patient_key, key, maybeKey, at, maybeAt, date } = tellingOf(telling, fact)
  return {
    ...rest,
    assignment_key: key('assignment', id),
    patient_key,
    resource_key: resource_id,
    date: date(assigned_at),
    assigned_at: at(assigned_at),
    expected_release_at: maybeAt(expected_release_at),
    released_at: maybeAt(released_at),
    moved_from_key: maybeKey('assignment', moved_from_id),
  }
}

/** Of the medicines only codes: what was typed could name anybody. */
export function prescriptionRow(telling: Telling, fact: PrescriptionFact): Row {
  const { patient_key, key, maybeKey, at, maybeAt, date } = tellingOf(telling, fact)
  const medicines = openMedicines(telling.keyring, fact)
  const codes = (medicines ?? []).flatMap(({ code }) => code ?? []).sort()
  return {
    prescription_key: key('prescription', fact.id),
    patient_key,
    doctor_key: key('doctor', fact.doctor_id),
    visit_key: maybeKey('visit', fact.visit_id),
    appointment_key: maybeKey('appointment', fact.appointment_id),
    date: date(fact.begun_at),
    begun_at: at(fact.begun_at),
    status: fact.status,
    signed_at: maybeAt(fact.signed_at),
    dispensed_at: maybeAt(fact.dispensed_at),
    cancelled_at: maybeAt(fact.cancelled_at),
    replaces_key: maybeKey('prescription', fact.replaces_id),
    medicine_count: medicines ? medicines.length : null,
    atc_codes: codes.length > 0 ? codes.join(' ') : null,
  }
}

export function alertRow(
  telling: Telling,
  { id, visit_id, assessment_id, raised_at, reason, acknowledged_at, ...of }: AlertFact,
): Row {
  const { patient_key, key, at, maybeAt, date } = tellingOf(telling, { id, ...of })
  return {
    alert_key: key('alert', id),
    patient_key,
    visit_key: key('visit', visit_id),
    assessment_key: key('assessment', assessment_id),
    date: date(raised_at),
    raised_at: at(raised_at),
    reason,
    acknowledged_at: maybeAt(acknowledged_at),
  }
}

export function documentRow(
  telling: Telling,
  { id, visit_id, uploaded_at, kind, status, deleted_at, ...of }: DocumentFact,
): Row {
  const { patient_key, key, maybeKey, at, maybeAt, date } = tellingOf(telling, { id, ...of })
  return {
    document_key: key('document', id),
    patient_key,
    visit_key: maybeKey('visit', visit_id),
    date: date(uploaded_at),
    uploaded_at: at(uploaded_at),
    kind,
    status,
    deleted_at: maybeAt(deleted_at),
  }
}
