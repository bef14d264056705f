// What clinicians' pages show of a patient, and by which events it changes.
import type { QueryKey } from '@tanstack/react-query'
import type { Concerns, LiveEvent } from '../connection/concerns.ts'

/** Of the patient whom the event is about; and a line of their timeline. */
const ofPatient =
  (...keys: readonly string[]) =>
  ({ patient_id }: LiveEvent): QueryKey[] =>
    [...keys, 'timeline'].map((key) => [key, ...(patient_id === null ? [] : [patient_id])])
/** Of whatever is shown of this kind, and a line of a timeline. */
const all = (key: string) => (event: LiveEvent) => [[key], ...ofPatient()(event)]

export const clinicalConcerns: Concerns = {
  'allergy.*': ofPatient('allergies'),
  'condition.*': ofPatient('conditions'),
  'note.*': all('notes'),
  'assessment.*': all('assessments'),
  'prescription.*': all('prescriptions'),
  'document.*': all('documents'),
  'visit.*': all('visits'),
  'appointment.*': all('appointments'),
  'patient.*': ofPatient('patient'),
}
