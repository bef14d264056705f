// The chart of a patient: what one must not forget, and everything that happened, newest first.
import { Alert, Button, Group, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { useLive } from '../connection/use-live.ts'
import { clinicalConcerns } from './clinical-concerns.ts'
import { problemOf } from '../connection/problem-of.ts'
import { may, useUser } from '../connection/use-session.ts'
import type { Patient } from '#contracts/patients/patient'
import { visitApi } from '#contracts/visits/visit'
import { LinkButton } from '../frame/link-button.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { ProblemAlert, ProblemPage, WaitingPage } from '../frame/states.tsx'
import { usePatient } from '../patient/use-patient.ts'
import { useWords } from '../words/words.tsx'
import { OpenInEmergency } from './emergency-access.tsx'
import { isOpenVisit, useVisitsOf } from './known.ts'
import { PatientBanner } from './patient-banner.tsx'
import { Timeline } from './timeline.tsx'
import { useChartWords } from './words.ts'

const route = getRouteApi(`/closed${addresses.chart}`)

export function ChartPage() {
  useLive(clinicalConcerns)
  const { patient_id } = route.useParams()
  const words = useChartWords()
  const patient = usePatient(patient_id)
  if (patient.isPending) return <WaitingPage />
  if (patient.error) {
    if (problemOf(patient.error).kind.status === 404) return <OpenInEmergency patient_id={patient_id} />
    return <ProblemPage error={patient.error} />
  }
  return (
    <Stack gap="md">
      <Group justify="space-between" gap="xs">
        <PageTitle title={words.title} />
        <Actions patient={patient.data} />
      </Group>
      <PatientBanner patient={patient.data} />
      <Timeline patient_id={patient_id} />
    </Stack>
  )
}

function Actions({ patient }: { patient: Patient }) {
  const words = useChartWords()
  const { patient: common } = useWords()
  const user = useUser()
  const known = useQueryClient()
  const navigate = useNavigate()
  const visits = useVisitsOf(patient.id)
  const standing = visits.data?.filter(isOpenVisit) ?? []
  const begin = useMutation({
    mutationFn: () => call(visitApi.open, { body: { patient_id: patient.id, doctor_id: user.doctor_id } }),
    async onSuccess({ id }) {
      await known.invalidateQueries({ queryKey: ['visits'] })
      await navigate({ to: addresses.visit, params: { visit_id: id } })
    },
  })
  const mayBegin = may(user, 'visits:create') && may(user, 'prescriptions:write') && patient.is_active
  return (
    <Stack gap="xs" align="flex-end">
      <Group gap="xs">
        {standing.map(({ id, visit_number }) => (
          <LinkButton key={id} to={addresses.visit} params={{ visit_id: id }}>
            {words.go_to_visit(visit_number)}
          </LinkButton>
        ))}
        {mayBegin && visits.data && standing.length === 0 && (
          <Button onClick={() => begin.mutate()} loading={begin.isPending}>
            {words.begin_visit}
          </Button>
        )}
        {may(user, 'prescriptions:write') && patient.is_active && (
          <LinkButton to={addresses.prescribe} params={{ patient_id: patient.id }} variant="default">
            {words.prescribe}
          </LinkButton>
        )}
        <LinkButton to={addresses.patient} params={{ patient_id: patient.id }} variant="default">
          {words.to_record}
        </LinkButton>
      </Group>
      {begin.error && <ProblemAlert error={begin.error} />}
      {!patient.is_active && (
        <Alert color="gray">
          <Text size="sm">{common.deleted}</Text>
        </Alert>
      )}
    </Stack>
  )
}
