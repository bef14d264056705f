// One examination: its author goes on with the draft; everyone else reads what was signed.
import { Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { useLive } from '../connection/use-live.ts'
import { clinicalConcerns } from '../read-chart/clinical-concerns.ts'
import { useUser } from '../connection/use-session.ts'
import { assessmentApi } from '#contracts/assessments/assessment'
import { LinkButton } from '../frame/link-button.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { ProblemPage, WaitingPage } from '../frame/states.tsx'
import { usePatient } from '../patient/use-patient.ts'
import { PatientBanner } from '../read-chart/patient-banner.tsx'
import { RadiologyDraft } from './radiology-draft.tsx'
import { SignedReading } from './signed-reading.tsx'
import { useRadiologyWords } from './words.ts'

const route = getRouteApi(`/closed${addresses.radiology}`)

export function RadiologyPage() {
  useLive(clinicalConcerns)
  const { assessment_id } = route.useParams()
  const words = useRadiologyWords()
  const user = useUser()
  const assessment = useQuery({
    queryKey: ['assessments', assessment_id],
    queryFn: () => call(assessmentApi.get, { params: { assessment_id } }),
  })
  const { data } = assessment
  const patient = usePatient(data?.patient_id ?? '', data !== undefined)
  const error = assessment.error ?? patient.error
  if (error) return <ProblemPage error={error} />
  if (data === undefined || patient.data === undefined) return <WaitingPage />
  const goesOn = (data.status === 'draft' || data.status === 'preliminary') && data.author_id === user.id
  return (
    <Stack gap="md">
      <Group justify="space-between">
        <PageTitle title={words.title} />
        <LinkButton to={addresses.visit} params={{ visit_id: data.visit_id }} variant="default">
          {words.to_visit}
        </LinkButton>
      </Group>
      <PatientBanner patient={patient.data} />
      {data.kind === 'nursing' ? (
        <Text>{words.nursing}</Text>
      ) : data.status === 'discarded' ? (
        <Text>{words.discarded}</Text>
      ) : goesOn ? (
        <RadiologyDraft key={data.id} assessment={data} />
      ) : (
        <SignedReading assessment={data} />
      )}
    </Stack>
  )
}
