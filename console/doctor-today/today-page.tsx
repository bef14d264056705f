// Where a doctor begins: who is ready, what waits for a signature, and what must not wait.
import { Grid, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { useLive } from '../connection/use-live.ts'
import { clinicalConcerns } from '../read-chart/clinical-concerns.ts'
import { may, useUser } from '../connection/use-session.ts'
import { doctorApi } from '#contracts/doctors/doctor'
import { SearchBox } from '../find-patient/search-box.tsx'
import { LinkButton } from '../frame/link-button.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { ReadProblem, Waiting } from '../frame/states.tsx'
import { useVisitWords } from '../see-patient/words.ts'
import { dateIn } from '../words/clock.ts'
import { useDates } from '../words/dates.ts'
import { Alerts } from './alerts.tsx'
import { MyPatients } from './my-patients.tsx'
import { Queue } from './queue.tsx'
import { ToSign } from './to-sign.tsx'

export function TodayPage() {
  useLive(clinicalConcerns)
  const words = useVisitWords()
  const user = useUser()
  const dates = useDates()
  const { doctor_id } = user
  const doctor = useQuery({
    queryKey: ['doctors', doctor_id],
    queryFn: () => call(doctorApi.get, { params: { doctor_id: doctor_id ?? '' } }),
    enabled: doctor_id !== null,
    staleTime: 300_000,
  })
  const date = dateIn(new Date(), doctor.data?.timezone)
  return (
    <Grid gap="xl">
      <Grid.Col span={{ base: 12, md: 7 }}>
        <Stack>
          <PageTitle title={words.today}>
            {words.today}
            <Text component="span" c="dimmed" size="lg" ms="sm">
              {dates.weekday(date)}
            </Text>
          </PageTitle>
          {doctor_id !== null && may(user, 'schedules:write') && (
            <div>
              <LinkButton to={addresses.schedule} params={{ doctor_id }} variant="subtle" size="compact-md">
                {words.own_hours}
              </LinkButton>
            </div>
          )}
          {doctor_id === null && <Text>{words.no_profile}</Text>}
          {doctor.error && <ReadProblem error={doctor.error} />}
          {doctor_id !== null && doctor.isPending && <Waiting />}
          {doctor.data && <MyPatients doctor={doctor.data} date={date} />}
          {user.department_id !== null && <Queue department_id={user.department_id} />}
        </Stack>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 5 }}>
        <Stack gap="lg">
          <Alerts />
          <ToSign />
          <SearchBox isFirst={false} action={() => null} />
        </Stack>
      </Grid.Col>
    </Grid>
  )
}
