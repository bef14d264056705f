// The doctor's own people of the day: who is with them, who is ready, who is expected.
import { Badge, Button, Group, Paper, Text } from '@mantine/core'
import { Link, useNavigate } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { may, useUser } from '../connection/use-session.ts'
import type { Doctor } from '#contracts/doctors/doctor'
import type { IdentityCard } from '#contracts/patients/patient'
import type { Visit } from '#contracts/visits/visit'
import { usePeople } from '../day-calendar/day.ts'
import { Flags } from '../day-calendar/flags.tsx'
import { nameOf } from '../find-patient/matching.ts'
import { PersonLine } from '../find-patient/person.tsx'
import { LinkButton } from '../frame/link-button.tsx'
import { ProblemAlert, ReadProblem, Waiting } from '../frame/states.tsx'
import { Section } from '../read-chart/section.tsx'
import { useBegin } from '../see-patient/status.ts'
import { useVisitWords } from '../see-patient/words.ts'
import { useDates } from '../words/dates.ts'
import { useWords } from '../words/words.tsx'
import { type Line, linesOf } from './lines.ts'
import { useMyAppointments, useMyVisits } from './my-day.ts'
import classes from './today.module.css'

export function MyPatients({ doctor, date }: { doctor: Doctor; date: string }) {
  const words = useVisitWords()
  const user = useUser()
  const navigate = useNavigate()
  const appointments = useMyAppointments(doctor.id, date)
  const visits = useMyVisits(doctor.id)
  const begin = useBegin()
  const lines = linesOf(appointments.data ?? [], visits.data ?? [])
  const people = usePeople(
    lines.map(({ patient_id }) => patient_id),
    may(user, 'patients:find'),
  )
  const error = appointments.error ?? visits.error ?? people.error
  const start = (visit: Visit) =>
    begin.mutate(visit, {
      onSuccess: ({ id }) => void navigate({ to: addresses.visit, params: { visit_id: id } }),
    })
  return (
    <Section title={words.my_patients}>
      {error && <ReadProblem error={error} />}
      {begin.error && <ProblemAlert error={begin.error} />}
      {appointments.isPending || visits.isPending ? (
        !error && <Waiting />
      ) : lines.length === 0 ? (
        !error && <Text c="dimmed">{words.none_today}</Text>
      ) : (
        <Paper withBorder component="ul" className={classes.list}>
          {lines.map((line) => (
            <Person
              key={line.key}
              line={line}
              person={people.data?.get(line.patient_id)}
              timezone={doctor.timezone}
              isBusy={begin.isPending && begin.variables.id === line.visit?.id}
              onBegin={start}
            />
          ))}
        </Paper>
      )}
    </Section>
  )
}

type PersonProps = {
  line: Line
  person: IdentityCard | undefined
  timezone: string
  isBusy: boolean
  onBegin: (visit: Visit) => void
}

function Person({ line: { patient_id, appointment, visit }, person, timezone, isBusy, onBegin }: PersonProps) {
  const words = useVisitWords()
  const { calendar } = useWords()
  const dates = useDates()
  const name = (person && nameOf(person)) || words.unknown_person
  const state = stateOf(visit, words)
  const begins = visit?.status === 'triaged' || visit?.status === 'registered'
  return (
    <li className={classes.row} data-status={visit?.status}>
      <div className={classes.line}>
        <Text fw={700} className={classes.time}>
          {startOf({ appointment, visit }, (instant) => dates.time(instant, timezone))}
        </Text>
        <div className={classes.who}>
          <Link to={addresses.chart} params={{ patient_id }} className={classes.person} title={words.chart_of(name)}>
            {name}
          </Link>
          <div>{person && <PersonLine person={person} />}</div>
          {(visit?.chief_complaint ?? appointment?.reason) && (
            <Text size="sm" className="name">
              {visit?.chief_complaint ?? appointment?.reason}
            </Text>
          )}
          <Group gap={4} mt={2}>
            <Badge variant={visit?.status === 'triaged' ? 'filled' : 'default'} tt="none" size="sm">
              {state ?? (appointment ? calendar.statuses[appointment.status] : '')}
            </Badge>
            {visit && visit.priority < 3 && (
              <Badge color="orange.9" variant="filled" tt="none" size="sm">
                {words.priority(visit.priority)}
              </Badge>
            )}
            {visit?.news2_score != null && visit.news2_score >= 5 && (
              <Badge color="red.9" variant="filled" tt="none" size="sm">
                NEWS2 {visit.news2_score}
              </Badge>
            )}
            {!appointment && (
              <Badge variant="default" tt="none" size="sm">
                {words.without_appointment}
              </Badge>
            )}
            {appointment && <Flags appointment={appointment} />}
          </Group>
        </div>
        {visit && begins && (
          <Button size="sm" onClick={() => onBegin(visit)} loading={isBusy} aria-label={words.begin_of(name)}>
            {words.begin}
          </Button>
        )}
        {visit && !begins && (
          <LinkButton
            to={addresses.visit}
            params={{ visit_id: visit.id }}
            size="sm"
            variant="light"
            aria-label={words.go_on_of(name)}
          >
            {words.go_on}
          </LinkButton>
        )}
      </div>
    </li>
  )
}

/** When they are booked, or else when they came. */
function startOf({ appointment, visit }: Pick<Line, 'appointment' | 'visit'>, write: (instant: string) => string) {
  const instant = appointment?.appointment_time ?? visit?.opened_at
  return instant === undefined ? '' : write(instant)
}

const states = {
  registered: 'waits_for_triage',
  triaged: 'ready',
  in_progress: 'in_progress',
  admitted: 'admitted',
} as const

function stateOf(visit: Visit | undefined, words: ReturnType<typeof useVisitWords>): string | undefined {
  const { status = 'completed' } = visit ?? {}
  return status in states ? words[states[status as keyof typeof states]] : undefined
}
