// What others are told of an appointment: ids, times and states, and nothing of a person.

export function eventOf(
  what: string,
  { id, patient_id }: { id: string; patient_id: string },
  payload: Record<string, unknown>,
) {
  return { type: `appointment.${what}`, subject_type: 'appointment', subject_id: id, patient_id, payload }
}
