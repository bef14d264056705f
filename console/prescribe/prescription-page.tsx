// One prescription: its doctor writes and signs the draft; what is signed is read, printed, cancelled or renewed.
import { Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { useLive } from '../connection/use-live.ts'
import { clinicalConcerns } from '../read-chart/clinical-concerns.ts'
import { may, useUser } from '../connection/use-session.ts'
import { prescriptionApi } from '#contracts/prescriptions/prescription'
import { PageTitle } from '../frame/page-title.tsx'
import { ProblemPage, WaitingPage } from '../frame/states.tsx'
import { usePatient } from '../patient/use-patient.ts'
import { PatientBanner } from '../read-chart/patient-banner.tsx'
import { PrescriptionDraft } from './prescription-draft.tsx'
import { SignedPrescription } from './signed-prescription.tsx'
import { usePrescribeWords } from './words.ts'

const route = getRouteApi(`/closed${addresses.prescription}`)

export function PrescriptionPage() {
  useLive(clinicalConcerns)
  const { prescription_id } = route.useParams()
  const words = usePrescribeWords()
  const user = useUser()
  const prescription = useQuery({
    queryKey: ['prescriptions', prescription_id],
    queryFn: () => call(prescriptionApi.get, { params: { prescription_id } }),
  })
  const { data } = prescription
  const patient = usePatient(data?.patient_id ?? '', data !== undefined)
  const error = prescription.error ?? patient.error
  if (error) return <ProblemPage error={error} />
  if (data === undefined || patient.data === undefined) return <WaitingPage />
  const isMine = data.doctor_id === user.doctor_id && may(user, 'prescriptions:write')
  return (
    <Stack gap="md">
      <div>
        <PageTitle title={words.prescription} />
        <Text size="sm" c="dimmed">
          {data.prescription_number}
        </Text>
      </div>
      <PatientBanner patient={patient.data} />
      {data.status === 'draft' && isMine ? (
        <PrescriptionDraft key={data.id} prescription={data} />
      ) : (
        <SignedPrescription prescription={data} />
      )}
    </Stack>
  )
}
