// A patient's appointments: what is to come, with what they may do about it, and what was.
import { Alert, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { useLive } from '../connection/use-live.ts'
import { useUser } from '../connection/use-session.ts'
import { calendarConcerns, readAll, useDoctors } from '../day-calendar/day.ts'
import { byTime } from '../day-calendar/standing.ts'
import { appointmentApi } from '#contracts/appointments/appointment'
import type { Appointment } from '#contracts/appointments/appointment-record'
import { doctorName } from '../find-doctor/doctor-name.ts'
import { LinkButton } from '../frame/link-button.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { ReadProblem, Waiting } from '../frame/states.tsx'
import { useEntries, waitlistConcerns } from '../wait-for-time/entries.ts'
import { useDates } from '../words/dates.ts'
import { ownCare } from '../words/own-care.ts'
import { useWords, useWordsOf } from '../words/words.tsx'
import { OwnAppointment } from './own-appointment.tsx'

export function OwnAppointmentsPage() {
  useLive(calendarConcerns)
  useLive(waitlistConcerns)
  const { appointments: words } = useWordsOf(ownCare)
  const { patient_id } = useUser()
  return (
    <Stack gap="lg">
      <Group justify="space-between">
        <PageTitle title={words.title} />
        <LinkButton to={addresses.doctors} size="md">
          {words.book}
        </LinkButton>
      </Group>
      {patient_id === null ? (
        <Alert color="ward">
          <Text size="sm">{words.no_record}</Text>
        </Alert>
      ) : (
        <>
          <Offered />
          <Appointments patient_id={patient_id} />
        </>
      )}
    </Stack>
  )
}

/** What waits for an answer, and not for long. */
function Offered() {
  const { appointments: words } = useWordsOf(ownCare)
  const dates = useDates()
  const doctors = useDoctors()
  const entries = useEntries()
  return entries.data
    ?.filter(({ status, offer }) => status === 'offered' && offer)
    .map(({ id, offer }) => {
      const doctor = doctors.data?.find((one) => one.id === offer?.doctor_id)
      return (
        <Alert key={id} color="ward" title={words.offered}>
          <Stack gap="xs" align="flex-start">
            <Text>{dates.moment(offer?.appointment_time ?? '', doctor?.timezone)}</Text>
            <LinkButton to={addresses.waitlist} size="xs">
              {words.answer}
            </LinkButton>
          </Stack>
        </Alert>
      )
    })
}

function Appointments({ patient_id }: { patient_id: string }) {
  const { appointments: words } = useWordsOf(ownCare)
  const { calendar, patient } = useWords()
  const dates = useDates()
  const doctors = useDoctors()
  const list = useQuery({
    queryKey: ['appointments', 'patient', patient_id, 'all'],
    queryFn: () =>
      readAll<Appointment>((cursor) =>
        call(appointmentApi.listOfPatient, {
          params: { patient_id },
          query: { limit: '100', ...(cursor && { cursor }) },
        }),
      ),
  })
  if (list.isPending) return <Waiting />
  if (list.error) return <ReadProblem error={list.error} />
  const now = new Date().toISOString()
  const isAhead = ({ appointment_time, status }: Appointment) =>
    appointment_time >= now && !['cancelled', 'no_show', 'held'].includes(status)
  const sorted = list.data.filter(({ status }) => status !== 'held').toSorted(byTime)
  const ahead = sorted.filter(isAhead)
  const earlier = sorted.filter((appointment) => !isAhead(appointment)).reverse()
  const doctorOf = ({ doctor_id }: Appointment) => doctors.data?.find(({ id }) => id === doctor_id)
  return (
    <>
      {ahead.length === 0 ? (
        <Text c="dimmed">{words.none}</Text>
      ) : (
        <Stack>
          {ahead.map((appointment) => (
            <OwnAppointment key={appointment.id} appointment={appointment} doctor={doctorOf(appointment)} />
          ))}
        </Stack>
      )}
      {earlier.length > 0 && (
        <section aria-labelledby="earlier">
          <Title order={2} size="h3" mb="sm" id="earlier">
            {patient.earlier}
          </Title>
          <Stack gap="xs">
            {earlier.map((appointment) => {
              const doctor = doctorOf(appointment)
              return (
                <Paper key={appointment.id} withBorder p="sm">
                  <Group justify="space-between" gap="xs">
                    <Text fw={600}>{dates.short(appointment.appointment_time, doctor?.timezone)}</Text>
                    <Text size="sm">{calendar.statuses[appointment.status]}</Text>
                  </Group>
                  <Text size="sm" c="dimmed" className="name">
                    {doctor ? `${doctorName(doctor)}, ${doctor.specialization}` : ''}
                  </Text>
                </Paper>
              )
            })}
          </Stack>
        </section>
      )}
    </>
  )
}
