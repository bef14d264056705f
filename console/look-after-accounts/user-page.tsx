// One account: what it may do, and what can be done for whoever has it.
import { Grid, Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { may, useUser } from '../connection/use-session.ts'
import { userApi } from '#contracts/identity/user'
import { PageTitle } from '../frame/page-title.tsx'
import { ProblemPage, WaitingPage } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { AdministrationNav, useAdministratorWords } from './administration.tsx'
import { UserActions } from './user-actions.tsx'
import { UserRights } from './user-rights.tsx'
import { UserSessions } from './user-sessions.tsx'
import { UserState } from './users-page.tsx'

const route = getRouteApi(`/closed${addresses.user}`)

export function UserPage() {
  const words = useAdministratorWords()
  const dates = useDates()
  const me = useUser()
  const { user_id } = route.useParams()
  const [ended, setEnded] = useState({ count: 0, isSaved: false })
  const account = useQuery({
    queryKey: ['users', 'one', user_id],
    queryFn: () => call(userApi.read, { params: { user_id } }),
  })
  if (account.isPending) return <WaitingPage />
  if (account.error) return <ProblemPage error={account.error} />
  const user = account.data
  const name = `${user.first_name} ${user.last_name}`.trim() || user.email
  return (
    <Stack>
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <div style={{ minWidth: 0 }}>
          <PageTitle title={words.user}>
            <span className="name">{name}</span>
          </PageTitle>
          <Text className="name">
            {user.email}
            {user.username === user.email ? '' : ` · ${user.username}`}
          </Text>
          <Text size="sm" c="dimmed">
            {words.since(dates.short(user.created_at))} ·{' '}
            {user.last_login_at ? words.last_login(dates.short(user.last_login_at)) : words.never}
          </Text>
        </div>
        <UserState user={user} />
      </Group>
      <AdministrationNav />
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 7 }}>
          {/* What was typed stays when somebody else saves; after one's own choice the form begins anew. */}
          <UserRights
            key={`${user.id} ${ended.count}`}
            user={user}
            isSaved={ended.isSaved}
            onReload={() => account.refetch()}
            onEnd={(isSaved) => setEnded({ count: ended.count + 1, isSaved })}
          />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Stack>
            {may(me, 'users:update') && <UserActions user={user} />}
            <UserSessions user_id={user.id} />
          </Stack>
        </Grid.Col>
      </Grid>
    </Stack>
  )
}
