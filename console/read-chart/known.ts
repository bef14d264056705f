// What is asked of the server about a patient, by the pages of clinicians.
import { useQuery } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { may, useUser } from '../connection/use-session.ts'
import { worklistApi } from '#contracts/assessments/worklist'
import { allergyApi } from '#contracts/chart/allergy'
import { conditionApi } from '#contracts/chart/condition'
import { mostNames, type StaffName, staffNameApi } from '#contracts/identity/staff-name'
import { currentMedicineApi } from '#contracts/prescriptions/current-medicine'
import { visitApi } from '#contracts/visits/visit'
import { readAll } from '../day-calendar/day.ts'

const pageSize = '100'

export function useAllergies(patient_id: string) {
  const enabled = may(useUser(), 'chart:read')
  return useQuery({
    enabled,
    queryKey: ['allergies', patient_id],
    queryFn: () =>
      readAll((cursor) =>
        call(allergyApi.list_allergies, { params: { patient_id }, query: { limit: pageSize, cursor } }),
      ),
  })
}

export function useConditions(patient_id: string) {
  const enabled = may(useUser(), 'chart:read')
  return useQuery({
    enabled,
    queryKey: ['conditions', patient_id],
    queryFn: () =>
      readAll((cursor) =>
        call(conditionApi.list_conditions, { params: { patient_id }, query: { limit: pageSize, cursor } }),
      ),
  })
}

export function useCurrentMedicines(patient_id: string) {
  const enabled = may(useUser(), 'prescriptions:read')
  return useQuery({
    enabled,
    queryKey: ['prescriptions', 'current', patient_id],
    queryFn: () => call(currentMedicineApi.list, { params: { patient_id } }).then(({ items }) => items),
  })
}

export function useVisitsOf(patient_id: string) {
  const enabled = may(useUser(), 'visits:status')
  return useQuery({
    enabled,
    queryKey: ['visits', 'patient', patient_id],
    queryFn: () =>
      call(visitApi.listOfPatient, { params: { patient_id }, query: { limit: '20' } }).then(({ items }) => items),
  })
}

/** Of all patients in reach: what one page knows the next one need not ask for. */
export function useAlerts() {
  const user = useUser()
  const isClinician = may(user, 'nursing-assessments:write') || may(user, 'radiology-assessments:write')
  return useQuery({
    enabled: isClinician,
    queryKey: ['assessments', 'alerts'],
    queryFn: () => call(worklistApi.alerts, {}).then(({ items }) => items),
  })
}

/** Who these users are; whoever is no user of the staff is not among them. */
export function useStaffNames(ids: readonly (string | null | undefined)[]) {
  const wanted = [...new Set(ids.filter((id) => id !== null && id !== undefined))].sort().slice(0, mostNames)
  return useQuery({
    queryKey: ['staff', wanted],
    queryFn: async () => {
      const { items } = await call(staffNameApi.list, { query: { ids: wanted.join(',') } })
      return new Map(items.map((one: StaffName) => [one.id, `${one.first_name} ${one.last_name}`]))
    },
    enabled: wanted.length > 0,
    staleTime: 300_000,
    gcTime: 300_000,
  })
}

const open = new Set(['registered', 'triaged', 'in_progress', 'admitted'])
export const isOpenVisit = ({ status }: { status: string }) => open.has(status)
