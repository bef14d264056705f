// A prescription as a form holds it: everything is text until it is sent.
import {
  type Medicine,
  type Prescription,
  PrescriptionChange,
  type PrescriptionRequest,
} from '#contracts/prescriptions/prescription'

export type TypedMedicine = Record<keyof Medicine, string>
export type Typed = { medicines: TypedMedicine[]; notes: string }

export const emptyMedicine: TypedMedicine = {
  name: '',
  code: '',
  dosage: '',
  form: '',
  route: '',
  frequency: '',
  duration_days: '',
  quantity: '',
  refills: '0',
  instructions: '',
}
export const emptyPrescription: Typed = { medicines: [emptyMedicine], notes: '' }
export const newDraft = (patient_id: string) => `prescription new ${patient_id}`

const textOf = (value: string | number | null) => (value === null ? '' : String(value))

export function typedOf({ medicines, notes }: Pick<Prescription, 'medicines' | 'notes'>): Typed {
  return {
    notes: notes ?? '',
    medicines: medicines.map((medicine) => ({
      name: medicine.name,
      code: textOf(medicine.code),
      dosage: medicine.dosage,
      form: textOf(medicine.form),
      route: medicine.route,
      frequency: medicine.frequency,
      duration_days: textOf(medicine.duration_days),
      quantity: textOf(medicine.quantity),
      refills: textOf(medicine.refills),
      instructions: textOf(medicine.instructions),
    })),
  }
}

/** A decimal comma is what many write. What is no number is for the server to refuse. */
const numberOf = (text: string) => (text.trim() === '' ? undefined : Number(text.trim().replace(',', '.')))

export function bodyOf({ medicines, notes }: Typed): Pick<PrescriptionRequest, 'medicines' | 'notes'> {
  return {
    notes: notes.trim() || null,
    medicines: medicines.map((medicine) => ({
      name: medicine.name.trim(),
      code: medicine.code.trim().toUpperCase() || null,
      dosage: medicine.dosage.trim(),
      form: medicine.form.trim() || null,
      route: medicine.route.trim(),
      frequency: medicine.frequency.trim(),
      duration_days: numberOf(medicine.duration_days) as number,
      quantity: numberOf(medicine.quantity) as number,
      refills: numberOf(medicine.refills) ?? 0,
      instructions: medicine.instructions.trim() || null,
    })),
  }
}

/** Whether the contract takes it: then it can be kept and checked. */
export function isWhole(typed: Typed): boolean {
  return PrescriptionChange.safeParse(bodyOf(typed)).success
}
