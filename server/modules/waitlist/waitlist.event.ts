// What others are told of somebody who waits: ids, times and states, and nothing of a person.

type Entry = { id: string; patient_id: string }

export function waitlistEventOf(what: string, { id, patient_id }: Entry, payload: Record<string, unknown> = {}) {
  return { type: `waitlist.${what}`, subject_type: 'waitlist_entry', subject_id: id, patient_id, payload }
}

export function subjectOf({ id, patient_id }: Entry) {
  return { resource_type: 'waitlist_entry', resource_id: id, patient_id }
}
