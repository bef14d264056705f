// One doctor: the profile, the hours of the week, and the time off.
import { Paper, Stack, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import type { Concerns } from '../connection/concerns.ts'
import { problemOf } from '../connection/problem-of.ts'
import { useLive } from '../connection/use-live.ts'
import { may, useUser } from '../connection/use-session.ts'
import { type Doctor, doctorApi } from '#contracts/doctors/doctor'
import { doctorName } from '../find-doctor/doctor-name.ts'
import { LinkButton } from '../frame/link-button.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { ProblemPage, WaitingPage } from '../frame/states.tsx'
import { ProfileForm } from './profile-form.tsx'
import { TimeOffs } from './time-off.tsx'
import { Week } from './week.tsx'
import { useScheduleWords } from './words.ts'

const route = getRouteApi(`/closed${addresses.schedule}`)
const concerns: Concerns = { 'doctor.*': [['doctor-profiles'], ['schedules'], ['time-off']] }

/** Of who is not active, only whoever may change their profile knows. */
async function readDoctor(doctor_id: string, isChanging: boolean): Promise<Doctor> {
  const params = { doctor_id }
  if (!isChanging) return call(doctorApi.get, { params })
  return call(doctorApi.readProfile, { params }).catch((error: unknown) => {
    if (problemOf(error).kind.status !== 404) throw error
    return call(doctorApi.get, { params })
  })
}

export function SchedulePage() {
  useLive(concerns)
  const words = useScheduleWords()
  const user = useUser()
  const { doctor_id } = route.useParams()
  const isChanging = user.permissions.includes('doctors:update') || user.doctor_id === doctor_id
  const found = useQuery({
    queryKey: ['doctor-profiles', 'named', doctor_id],
    queryFn: () => readDoctor(doctor_id, isChanging && may(user, 'doctors:update')),
  })
  if (found.isPending) return <WaitingPage />
  if (found.error) return <ProblemPage error={found.error} />
  return (
    <Stack gap="lg" maw={860}>
      <PageTitle title={words.title}>
        <span className="name">{doctorName(found.data)}</span>
      </PageTitle>
      {user.doctor_id !== doctor_id && (
        <div>
          <LinkButton to={addresses.schedules} variant="default">
            {words.back}
          </LinkButton>
        </div>
      )}
      <Paper withBorder p={{ base: 'md', sm: 'lg' }}>
        <Week doctor={found.data} />
      </Paper>
      <Paper withBorder p={{ base: 'md', sm: 'lg' }}>
        <TimeOffs doctor={found.data} />
      </Paper>
      {isChanging && may(user, 'doctors:update') && (
        <Paper withBorder p={{ base: 'md', sm: 'lg' }}>
          <Title order={2} size="h4" mb="sm">
            {words.profile}
          </Title>
          <ProfileForm doctor_id={doctor_id} />
        </Paper>
      )}
    </Stack>
  )
}
