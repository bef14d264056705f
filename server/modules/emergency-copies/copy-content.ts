// What an emergency copy says: what a ward needs of whoever is here while there is no database to ask. No operation serves it.
import { z } from 'zod'

const words = z.string().nullable()

export const CopiedAllergy = z.object({ substance: z.string(), reaction: words, severity: z.string() })
export const CopiedMedicine = z.object({
  name: z.string(),
  dosage: z.string(),
  form: words,
  route: z.string(),
  frequency: z.string(),
  instructions: words,
  signed_at: z.string(),
})

export const CopiedPatient = z.object({
  patient_id: z.uuid(),
  patient_number: z.string(),
  bed: words,
  ward: words,
  last_name: words,
  first_name: words,
  date_of_birth: words,
  gender: z.string(),
  blood_type: words,
  visit: z.object({ type: z.string(), status: z.string(), priority: z.int(), opened_at: z.string() }).nullable(),
  news2_score: z.int().nullable(),
  /** Alerts that nobody has acknowledged. */
  alerts: z.array(z.string()),
  /** Null: they could not be read. Nobody must take that for none. */
  allergies: z.array(CopiedAllergy).nullable(),
  conditions: z.array(z.string()).nullable(),
  medicines: z.array(CopiedMedicine).nullable(),
})
export type CopiedPatient = z.output<typeof CopiedPatient>

export const CopyContent = z.object({
  timezone: z.string(),
  /** Under which an opening of this copy is sealed for the server. */
  opening_key: z.base64url(),
  patients: z.array(CopiedPatient),
})
export type CopyContent = z.output<typeof CopyContent>
