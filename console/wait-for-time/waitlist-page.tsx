// Waiting for a time to become free: a patient for themselves, the reception for those who come to it.
import { Alert, Stack, Text, Title } from '@mantine/core'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { useLive } from '../connection/use-live.ts'
import { may, useUser } from '../connection/use-session.ts'
import { calendarConcerns, useDoctors, usePeople } from '../day-calendar/day.ts'
import { LinkButton } from '../frame/link-button.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { ProblemAlert, ReadProblem, Waiting } from '../frame/states.tsx'
import { nameOf } from '../find-patient/matching.ts'
import { usePatient } from '../patient/use-patient.ts'
import { waiting } from '../words/waiting.ts'
import { useWords, useWordsOf } from '../words/words.tsx'
import { isOpen, useEntries, waitlistConcerns } from './entries.ts'
import { Entry } from './entry.tsx'
import { JoinForm } from './join-form.tsx'

const route = getRouteApi(`/closed${addresses.waitlist}`)

export function WaitlistPage() {
  useLive(waitlistConcerns)
  useLive(calendarConcerns)
  const words = useWordsOf(waiting)
  const user = useUser()
  const navigate = useNavigate()
  const { doctor_id, patient_id } = route.useSearch()
  const isDesk = may(user, 'patients:find')
  const isJoining = isDesk ? patient_id !== undefined : doctor_id !== undefined
  const close = () => void navigate({ to: addresses.waitlist, search: {} })
  return (
    <Stack gap="lg">
      <div>
        <PageTitle title={words.title} />
        <Text c="dimmed">{isDesk ? words.desk_text : words.own_text}</Text>
      </div>
      {!isDesk && user.patient_id === null ? (
        <Alert color="ward">
          <Text size="sm">{words.no_record}</Text>
        </Alert>
      ) : (
        <>
          {isJoining && may(user, 'appointments:create') && (
            <Joining
              key={`${patient_id} ${doctor_id}`}
              patient_id={isDesk ? patient_id : undefined}
              doctor_id={doctor_id}
              onClose={close}
            />
          )}
          <Entries isDesk={isDesk} />
          {!isDesk && !isJoining && (
            <div>
              <LinkButton to={addresses.doctors} variant="default">
                {words.find_doctor}
              </LinkButton>
            </div>
          )}
        </>
      )}
    </Stack>
  )
}

type JoiningProps = { patient_id: string | undefined; doctor_id: string | undefined; onClose: () => void }

function Joining({ patient_id, doctor_id, onClose }: JoiningProps) {
  const words = useWordsOf(waiting)
  const doctors = useDoctors()
  if (doctors.error) return <ReadProblem error={doctors.error} />
  if (doctors.isPending) return <Waiting />
  return (
    <section aria-labelledby="join">
      <Title order={2} size="h3" mb="xs" id="join">
        {words.join}
      </Title>
      {patient_id && <ForWhom patient_id={patient_id} />}
      <JoinForm doctors={doctors.data} doctor_id={doctor_id} patient_id={patient_id} onDone={onClose} />
    </section>
  )
}

function ForWhom({ patient_id }: { patient_id: string }) {
  const { book, find } = useWords()
  const patient = usePatient(patient_id)
  if (patient.error) return <ProblemAlert error={patient.error} />
  return (
    <Text className="name" mb="xs">
      {patient.data ? book.for(nameOf(patient.data) || find.unnamed) : ''}
    </Text>
  )
}

function Entries({ isDesk }: { isDesk: boolean }) {
  const words = useWordsOf(waiting)
  const doctors = useDoctors()
  const entries = useEntries(isDesk)
  const open = (entries.data ?? []).filter(isOpen)
  const over = isDesk ? [] : (entries.data ?? []).filter((entry) => !isOpen(entry)).reverse()
  const people = usePeople(
    open.map(({ patient_id }) => patient_id),
    isDesk,
  )
  if (entries.error) return <ReadProblem error={entries.error} />
  if (entries.isPending) return <Waiting />
  // Whoever was offered a time has to answer soon.
  const sorted = [...open.filter(({ offer }) => offer), ...open.filter(({ offer }) => !offer)]
  return (
    <>
      <section aria-labelledby="waiting">
        <Title order={2} size="h3" mb="sm" id="waiting">
          {isDesk ? words.waiting(open.length) : words.own}
        </Title>
        {people.error && <ProblemAlert error={people.error} />}
        {open.length === 0 && <Text c="dimmed">{isDesk ? words.none : words.own_none}</Text>}
        <Stack gap="sm">
          {sorted.map((entry) => (
            <Entry
              key={entry.id}
              entry={entry}
              doctors={doctors.data ?? []}
              person={people.data?.get(entry.patient_id)}
            />
          ))}
        </Stack>
      </section>
      {over.length > 0 && (
        <section aria-labelledby="over">
          <Title order={2} size="h3" mb="sm" id="over">
            {words.over}
          </Title>
          <Stack gap="sm">
            {over.map((entry) => (
              <Entry key={entry.id} entry={entry} doctors={doctors.data ?? []} person={undefined} />
            ))}
          </Stack>
        </section>
      )}
    </>
  )
}
