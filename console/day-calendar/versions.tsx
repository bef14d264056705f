// A conflict: what one saw, and what somebody else has made of it meanwhile. Which of them holds, the person decides.
import { Alert, Button, Group, SimpleGrid, Stack, Text } from '@mantine/core'
import type { Appointment } from '#contracts/appointments/appointment-record'
import { doctorName } from '../find-doctor/doctor-name.ts'
import { useDates } from '../words/dates.ts'
import { desk } from '../words/desk.ts'
import { useWords, useWordsOf } from '../words/words.tsx'
import { useDoctors } from './day.ts'

type VersionsProps = { seen: Appointment; now: Appointment; onRepeat: () => void; onLeave: () => void }

export function Versions({ seen, now, onRepeat, onLeave }: VersionsProps) {
  const words = useWordsOf(desk)
  const { calendar } = useWords()
  return (
    <Alert color="yellow" role="alert" title={words.changed} mt="md">
      <Stack gap="sm">
        <Text size="sm">{calendar.changed_meanwhile}</Text>
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <Version title={words.you_saw} appointment={seen} other={now} />
          <Version title={words.stands_now} appointment={now} other={seen} />
        </SimpleGrid>
        <Group gap="xs">
          <Button className="wrap" onClick={onRepeat}>
            {words.do_it_anyway}
          </Button>
          <Button className="wrap" variant="default" onClick={onLeave}>
            {words.leave_it}
          </Button>
        </Group>
      </Stack>
    </Alert>
  )
}

function Version({ title, appointment, other }: { title: string; appointment: Appointment; other: Appointment }) {
  const { calendar, book } = useWords()
  const dates = useDates()
  const doctors = useDoctors()
  const doctorOf = ({ doctor_id }: Appointment) => doctors.data?.find(({ id }) => id === doctor_id)
  const linesOf = (one: Appointment) => {
    const doctor = doctorOf(one)
    return [
      dates.short(one.appointment_time, doctor?.timezone),
      doctor ? doctorName(doctor) : '',
      calendar.statuses[one.status],
      book.priorities[one.priority],
      one.reason ?? '',
      one.notes ?? '',
      one.cancel_reason ?? '',
    ]
  }
  const others = linesOf(other)
  return (
    <section aria-label={title}>
      <Text size="sm" fw={600}>
        {title}
      </Text>
      {linesOf(appointment).map(
        (line, at) =>
          line !== '' && (
            // What is the same in both is not what one looks for.
            <Text key={at} size="sm" className="name" {...(line === others[at] && { c: 'dimmed' })}>
              {line === others[at] ? line : <mark>{line}</mark>}
            </Text>
          ),
      )}
    </section>
  )
}
