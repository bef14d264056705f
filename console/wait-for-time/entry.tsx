// One who waits: for what, what they were offered, and the answer to it.
import { Button, Group, Paper, Stack, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { may, useUser } from '../connection/use-session.ts'
import type { Doctor } from '#contracts/doctors/doctor'
import type { IdentityCard } from '#contracts/patients/patient'
import type { WaitlistEntry } from '#contracts/waitlist/waitlist'
import { doctorName } from '../find-doctor/doctor-name.ts'
import lines from '../day-calendar/expected.module.css'
import { PersonLine, PersonName } from '../find-patient/person.tsx'
import { ProblemAlert } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { waiting } from '../words/waiting.ts'
import { useWordsOf } from '../words/words.tsx'
import { isOpen, useAnswer } from './entries.ts'

type EntryProps = { entry: WaitlistEntry; doctors: readonly Doctor[]; person: IdentityCard | undefined }

export function Entry({ entry, doctors, person }: EntryProps) {
  const words = useWordsOf(waiting)
  const user = useUser()
  const dates = useDates()
  const answer = useAnswer()
  const { offer, status } = entry
  const doctorOf = (id: string | null | undefined) => doctors.find((doctor) => doctor.id === id)
  const wanted = doctorOf(entry.doctor_id)
  const offering = doctorOf(offer?.doctor_id)
  const mayAnswer = isOpen(entry) && may(user, 'appointments:create')
  const isPending = (what: 'accept' | 'decline' | 'withdraw') => answer.isPending && answer.variables.answer === what
  const mustCall = offer && may(user, 'patients:find') && ['no_address', 'not_wanted', 'failed'].includes(offer.told)
  return (
    <Paper component="article" withBorder p="md">
      <Stack gap="xs">
        {person && (
          <div>
            <Link to={addresses.patient} params={{ patient_id: person.id }} className={lines.person}>
              <PersonName person={person} />
            </Link>
            <PersonLine person={person} />
          </div>
        )}
        <Group justify="space-between" gap="xs">
          <Text fw={600} className="name">
            {wanted ? `${doctorName(wanted)}, ${wanted.specialization}` : (entry.specialization ?? '')}
          </Text>
          <Text size="sm">{words.statuses[status]}</Text>
        </Group>
        <Terms entry={entry} />
        {offer && (
          <div role="status">
            <Text fw={600}>{words.free(dates.moment(offer.appointment_time, offering?.timezone))}</Text>
            <Text size="sm" className="name">
              {offering && !wanted ? doctorName(offering) : ''}
            </Text>
            <Text size="sm">{words.until(dates.short(offer.expires_at))}</Text>
            {mustCall && <Text size="sm">{words.must_call}</Text>}
          </div>
        )}
        {answer.error && <ProblemAlert error={answer.error} />}
        {mayAnswer && (
          <Group gap="xs">
            {offer && (
              <>
                <Button onClick={() => answer.mutate({ entry, answer: 'accept' })} loading={isPending('accept')}>
                  {words.accept}
                </Button>
                <Button
                  variant="default"
                  onClick={() => answer.mutate({ entry, answer: 'decline' })}
                  loading={isPending('decline')}
                >
                  {words.decline}
                </Button>
              </>
            )}
            <Button
              variant="light"
              color="red"
              onClick={() => answer.mutate({ entry, answer: 'withdraw' })}
              loading={isPending('withdraw')}
            >
              {words.withdraw}
            </Button>
          </Group>
        )}
      </Stack>
    </Paper>
  )
}

function Terms({ entry }: { entry: WaitlistEntry }) {
  const words = useWordsOf(waiting)
  const dates = useDates()
  const { from_date, to_date, weekdays, from_time, to_time, location } = entry
  const terms = [
    from_date === to_date ? dates.day(from_date) : words.between(dates.day(from_date), dates.day(to_date)),
    weekdays?.map((day) => words.weekdays[day - 1]).join(', '),
    from_time && words.not_before(from_time),
    to_time && words.over_by(to_time),
    location,
  ].filter(Boolean)
  return (
    <Text size="sm" c="dimmed" className="name">
      {terms.join(' · ')}
    </Text>
  )
}
