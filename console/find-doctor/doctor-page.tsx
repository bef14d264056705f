// One doctor, and the next times at which they are free.
import { Alert, Button, Group, Stack, Text, TextInput, Title } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { Days } from '../book-appointment/days.tsx'
import { call } from '../connection/call.ts'
import { useLive } from '../connection/use-live.ts'
import { calendarConcerns } from '../day-calendar/day.ts'
import { type Doctor, doctorApi } from '#contracts/doctors/doctor'
import { slotApi } from '#contracts/doctors/slot'
import { LinkButton } from '../frame/link-button.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { ProblemPage, ReadProblem, Waiting, WaitingPage } from '../frame/states.tsx'
import { dateIn } from '../words/clock.ts'
import { ownCare } from '../words/own-care.ts'
import { useWordsOf } from '../words/words.tsx'
import { doctorName, useLanguageName } from './doctor-name.ts'

const route = getRouteApi(`/anyone${addresses.doctor}`)
const first = 24
const most = 96

export function useDoctor(doctor_id: string | undefined) {
  return useQuery({
    queryKey: ['doctors', 'one', doctor_id],
    queryFn: () => call(doctorApi.get, { params: { doctor_id: doctor_id ?? '' } }),
    enabled: doctor_id !== undefined,
  })
}

export function DoctorPage() {
  useLive(calendarConcerns)
  const { doctor_id } = route.useParams()
  const { doctors: words } = useWordsOf(ownCare)
  const { move } = route.useSearch()
  const languageName = useLanguageName()
  const doctor = useDoctor(doctor_id)
  if (doctor.error) return <ProblemPage error={doctor.error} />
  if (doctor.isPending) return <WaitingPage />
  const { specialization, location, languages, bio, accepts_new_patients } = doctor.data
  return (
    <Stack gap="lg">
      <div>
        <PageTitle title={words.doctor}>
          <span className="name">{doctorName(doctor.data)}</span>
        </PageTitle>
        <Text className="name" size="lg">
          {specialization}
        </Text>
        <Text className="name" c="dimmed">
          {location}
        </Text>
        {languages.length > 0 && (
          <Text className="name" c="dimmed">
            {words.speaks(languages.map(languageName).join(', '))}
          </Text>
        )}
      </div>
      {bio && <Text className="name">{bio}</Text>}
      {!accepts_new_patients && (
        <Alert color="gray">
          <Text size="sm">{words.no_new_text}</Text>
        </Alert>
      )}
      <NextTimes doctor={doctor.data} move={move} />
    </Stack>
  )
}

function NextTimes({ doctor, move }: { doctor: Doctor; move: string | undefined }) {
  const { doctors: words } = useWordsOf(ownCare)
  const navigate = useNavigate()
  const [from, setFrom] = useState('')
  const [limit, setLimit] = useState(first)
  const found = useQuery({
    queryKey: ['slots', 'of-doctor', doctor.id, from, limit],
    queryFn: () =>
      call(slotApi.listNext, { query: { doctor_ids: doctor.id, limit: String(limit), ...(from && { from }) } }),
    placeholderData: keepPreviousData,
  })
  return (
    <Stack component="section" aria-labelledby="free-times">
      <Group justify="space-between" align="flex-end">
        <Title order={2} size="h3" id="free-times">
          {move ? words.choose_other : words.free}
        </Title>
        <TextInput
          type="date"
          label={words.from}
          value={from}
          min={dateIn(new Date(), doctor.timezone)}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
      </Group>
      {found.isPending && <Waiting />}
      {found.error && <ReadProblem error={found.error} />}
      {found.data?.items.length === 0 && <Text>{words.no_time}</Text>}
      {found.data && (
        <Days
          slots={found.data.items}
          doctors={[doctor]}
          isNamed={false}
          onChoose={({ doctor_id, start: at }) =>
            void navigate({ to: addresses.own_booking, search: { doctor_id, at, move } })
          }
        />
      )}
      {found.data?.items.length === limit && limit < most && (
        <Button variant="subtle" onClick={() => setLimit(limit * 2)} loading={found.isFetching}>
          {words.more_times}
        </Button>
      )}
      {!move && (
        <Group>
          <Text size="sm">{words.sooner}</Text>
          <LinkButton to={addresses.waitlist} search={{ doctor_id: doctor.id }} variant="default">
            {words.wait}
          </LinkButton>
        </Group>
      )}
    </Stack>
  )
}
