// One patient, by id.
import { useQuery } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { patientApi } from '#contracts/patients/patient'

export function usePatient(patient_id: string, isKnown = true) {
  return useQuery({
    queryKey: ['patient', patient_id],
    queryFn: () => call(patientApi.read, { params: { patient_id } }),
    enabled: isKnown,
  })
}
