// One visit: who it is, why they came, what is noted, found, ordered and prescribed, and how it ends.
import { Alert, Badge, Button, Grid, Group, List, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { useLive } from '../connection/use-live.ts'
import { clinicalConcerns } from '../read-chart/clinical-concerns.ts'
import { problemOf } from '../connection/problem-of.ts'
import { may, useUser } from '../connection/use-session.ts'
import { type Visit, visitApi } from '#contracts/visits/visit'
import { LinkButton } from '../frame/link-button.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { ProblemAlert, ProblemPage, WaitingPage } from '../frame/states.tsx'
import { usePatient } from '../patient/use-patient.ts'
import { useDoctors } from '../day-calendar/day.ts'
import { PatientBanner } from '../read-chart/patient-banner.tsx'
import { useChartWords } from '../read-chart/words.ts'
import { useDates } from '../words/dates.ts'
import { Notes } from '../write-note/notes.tsx'
import { Diagnoses } from './diagnoses.tsx'
import { Examinations } from './examinations.tsx'
import { useBegin, useVisitStatus } from './status.ts'
import { VisitDocuments } from './visit-documents.tsx'
import { VisitPrescriptions } from './visit-prescriptions.tsx'
import { useVisitWords } from './words.ts'

const route = getRouteApi(`/closed${addresses.visit}`)

export function VisitPage() {
  useLive(clinicalConcerns)
  const { visit_id } = route.useParams()
  const user = useUser()
  const visit = useQuery({
    queryKey: ['visits', visit_id],
    queryFn: () => call(visitApi.get, { params: { visit_id } }),
  })
  const patient = usePatient(visit.data?.patient_id ?? '', visit.data !== undefined)
  const error = visit.error ?? patient.error
  if (error) return <ProblemPage error={error} />
  if (!visit.data || !patient.data) return <WaitingPage />
  return (
    <Stack gap="md">
      <Head visit={visit.data} />
      <PatientBanner patient={patient.data} />
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Notes visit={visit.data} />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Stack gap="md">
            <Diagnoses patient={patient.data} />
            {may(user, 'prescriptions:read') && <VisitPrescriptions visit={visit.data} />}
            {may(user, 'assessments:read') && <Examinations visit={visit.data} />}
            {may(user, 'documents:read') && <VisitDocuments visit={visit.data} />}
          </Stack>
        </Grid.Col>
      </Grid>
    </Stack>
  )
}

function Head({ visit }: { visit: Visit }) {
  const words = useVisitWords()
  const chart = useChartWords()
  const dates = useDates()
  const doctors = useDoctors()
  const doctor = doctors.data?.find(({ id }) => id === visit.doctor_id)
  const zone = doctor?.timezone
  return (
    <Stack gap="xs">
      <Group justify="space-between" align="flex-start" gap="xs">
        <div>
          <PageTitle title={words.visit}>{words.number(visit.visit_number)}</PageTitle>
          <Text size="sm" c="dimmed" className="name">
            {[
              chart.codes[visit.type],
              words.opened(dates.short(visit.opened_at, zone)),
              visit.closed_at && words.closed(dates.short(visit.closed_at, zone)),
              doctor && `${doctor.first_name} ${doctor.last_name}`,
            ]
              .filter(Boolean)
              .join(' · ')}
          </Text>
        </div>
        <Group gap="xs">
          <Badge size="lg" variant="light" tt="none" role="status">
            {chart.codes[visit.status]}
          </Badge>
          <LinkButton to={addresses.chart} params={{ patient_id: visit.patient_id }} variant="default">
            {words.chart}
          </LinkButton>
          <Steps visit={visit} />
        </Group>
      </Group>
      <Text className="name">
        <Text component="span" fw={600}>
          {words.complaint}:
        </Text>{' '}
        {visit.chief_complaint ?? words.no_complaint}
      </Text>
    </Stack>
  )
}

/** What doctors do next of a visit in this state; the server says whether it may be. */
function Steps({ visit }: { visit: Visit }) {
  const words = useVisitWords()
  const user = useUser()
  const begin = useBegin()
  const change = useVisitStatus()
  if (!may(user, 'visits:update')) return null
  const { status } = visit
  const isBusy = (to: Visit['status']) => change.isPending && change.variables.status === to
  const problem = (change.error ?? begin.error) ? problemOf(change.error ?? begin.error) : undefined
  const obstacles = (problem?.members['obstacles'] as { obstacle: string }[] | undefined) ?? []
  return (
    <Stack gap="xs" align="flex-end">
      <Group gap="xs">
        {(status === 'registered' || status === 'triaged') && (
          <Button onClick={() => begin.mutate(visit)} loading={begin.isPending}>
            {words.begin_visit}
          </Button>
        )}
        {status === 'in_progress' && (
          <>
            <Button onClick={() => change.mutate({ visit, status: 'completed' })} loading={isBusy('completed')}>
              {words.complete}
            </Button>
            <Button
              variant="default"
              onClick={() => change.mutate({ visit, status: 'admitted' })}
              loading={isBusy('admitted')}
            >
              {words.admit}
            </Button>
          </>
        )}
        {status === 'admitted' && (
          <Button onClick={() => change.mutate({ visit, status: 'discharged' })} loading={isBusy('discharged')}>
            {words.discharge}
          </Button>
        )}
      </Group>
      {problem?.kind.code === 'visit_unfinished' ? (
        <Alert color="yellow" role="alert">
          <Text size="sm">{words.unfinished}</Text>
          <List size="sm">
            {[...new Set(obstacles.map(({ obstacle }) => obstacle))].map((obstacle) => (
              <List.Item key={obstacle}>{words.obstacles[obstacle] ?? obstacle}</List.Item>
            ))}
          </List>
        </Alert>
      ) : problem?.kind.code === 'stale_version' ? (
        <Alert color="yellow" role="alert">
          <Text size="sm">{words.changed_meanwhile}</Text>
        </Alert>
      ) : (
        problem && <ProblemAlert error={problem} />
      )}
    </Stack>
  )
}
