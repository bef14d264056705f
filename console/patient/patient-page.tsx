// A person at the reception: who it is, how to reach them, and their appointments.
import { Alert, Grid, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { useLive } from '../connection/use-live.ts'
import { may, useUser } from '../connection/use-session.ts'
import { appointmentApi } from '#contracts/appointments/appointment'
import type { Appointment } from '#contracts/appointments/appointment-record'
import type { Patient } from '#contracts/patients/patient'
import { AppointmentPanel } from '../day-calendar/appointment-panel.tsx'
import { calendarConcerns, useDoctors } from '../day-calendar/day.ts'
import { byTime } from '../day-calendar/standing.ts'
import { AppointmentLine } from '../day-calendar/appointment-line.tsx'
import { PersonLine, PersonName } from '../find-patient/person.tsx'
import { LinkButton } from '../frame/link-button.tsx'
import { ProblemPage, ReadProblem, Waiting, WaitingPage } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { desk } from '../words/desk.ts'
import { useWords, useWordsOf } from '../words/words.tsx'
import { useState } from 'react'
import { usePatient } from './use-patient.ts'
import { PageTitle } from '../frame/page-title.tsx'

const route = getRouteApi(`/closed${addresses.patient}`)

/** What registration asks for; of whoever could not tell it, it is told here. */
const required = ['first_name', 'last_name', 'date_of_birth', 'gender', 'phone_primary'] as const

export function PatientPage() {
  useLive(calendarConcerns)
  const { patient_id } = route.useParams()
  const { patient: words } = useWords()
  const more = useWordsOf(desk)
  const user = useUser()
  const patient = usePatient(patient_id)
  if (patient.isPending) return <WaitingPage />
  if (patient.error) return <ProblemPage error={patient.error} />
  const missing = required.filter((name) => patient.data[name] === null)
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="flex-start">
        <div>
          <PageTitle title={words.title}>
            <PersonName person={patient.data} />
          </PageTitle>
          <PersonLine person={patient.data} />
        </div>
        <Group gap="xs">
          {may(user, 'chart:write') && (
            <LinkButton to={addresses.chart} params={{ patient_id }} size="md" variant="default">
              {words.chart}
            </LinkButton>
          )}
          {patient.data.is_active && may(user, 'appointments:create') && (
            <LinkButton to={addresses.book} params={{ patient_id }} size="md">
              {words.book}
            </LinkButton>
          )}
          {patient.data.is_active && may(user, 'patients:update') && (
            <LinkButton to={addresses.patient_details} params={{ patient_id }} size="md" variant="default">
              {more.change_details}
            </LinkButton>
          )}
          {patient.data.is_active && may(user, 'resources:assign') && (
            <LinkButton to={addresses.beds} search={{ patient_id }} size="md" variant="default">
              {more.beds.to_bed_map}
            </LinkButton>
          )}
        </Group>
      </Group>
      {!patient.data.is_complete && (
        <Alert color="yellow">
          <Text size="sm">{words.incomplete(missing.map((name) => words[name]).join(', '))}</Text>
        </Alert>
      )}
      {!patient.data.is_active && (
        <Alert color="gray">
          <Text size="sm">{words.deleted}</Text>
        </Alert>
      )}
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Details patient={patient.data} />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 7 }}>
          {may(user, 'appointments:read') && <Appointments patient_id={patient_id} />}
        </Grid.Col>
      </Grid>
    </Stack>
  )
}

function Details({ patient }: { patient: Patient }) {
  const { patient: words } = useWords()
  const dates = useDates()
  const { address } = patient
  const lines = [
    [words.number, patient.patient_number],
    [words.phone_primary, patient.phone_primary],
    [words.phone_secondary, patient.phone_secondary],
    [words.email, patient.email],
    [
      words.address,
      address &&
        [address.line1, address.line2, [address.postal_code, address.city].filter(Boolean).join(' '), address.state]
          .filter(Boolean)
          .join(', '),
    ],
    [words.ssn, patient.ssn],
    [words.national_id, patient.national_id],
    [words.preferred_language, patient.preferred_language],
    [words.registered, dates.day(patient.registered_date)],
  ] as const
  const always = new Set<string>([words.number, words.phone_primary, words.registered])
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h4" mb="sm">
        {words.details}
      </Title>
      <Stack component="dl" gap="xs" m={0}>
        {lines
          .filter(([label, text]) => text || always.has(label))
          .map(([label, text]) => (
            <div key={label}>
              <Text component="dt" size="sm" c="dimmed">
                {label}
              </Text>
              <Text component="dd" m={0} className="name">
                {text ?? words.unknown}
              </Text>
            </div>
          ))}
      </Stack>
    </Paper>
  )
}

function Appointments({ patient_id }: { patient_id: string }) {
  const { patient: words } = useWords()
  const doctors = useDoctors()
  const [open, setOpen] = useState<Appointment>()
  const list = useQuery({
    queryKey: ['appointments', 'patient', patient_id],
    queryFn: () =>
      call(appointmentApi.listOfPatient, { params: { patient_id }, query: { limit: '100' } }).then(
        ({ items }) => items,
      ),
  })
  if (list.isPending) return <Waiting />
  if (list.error) return <ReadProblem error={list.error} />
  const now = new Date().toISOString()
  const sorted = list.data.toSorted(byTime)
  const isAhead = ({ appointment_time, status }: Appointment) => appointment_time >= now && status !== 'cancelled'
  const ahead = sorted.filter(isAhead)
  const earlier = sorted.filter((appointment) => !isAhead(appointment)).reverse()
  const lines = (appointments: readonly Appointment[]) =>
    appointments.map((appointment) => (
      <AppointmentLine
        key={appointment.id}
        appointment={appointment}
        doctor={doctors.data?.find(({ id }) => id === appointment.doctor_id)}
        onOpen={() => setOpen(appointment)}
      />
    ))
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h4" mb="sm">
        {words.appointments}
      </Title>
      {ahead.length === 0 ? <Text c="dimmed">{words.no_appointments}</Text> : <Stack gap="xs">{lines(ahead)}</Stack>}
      {earlier.length > 0 && (
        <>
          <Title order={3} size="h5" mt="md" mb="xs">
            {words.earlier}
          </Title>
          <Stack gap="xs">{lines(earlier)}</Stack>
        </>
      )}
      <AppointmentPanel
        appointment={list.data.find(({ id }) => id === open?.id)}
        doctor={doctors.data?.find(({ id }) => id === open?.doctor_id)}
        onClose={() => setOpen(undefined)}
      />
    </Paper>
  )
}
