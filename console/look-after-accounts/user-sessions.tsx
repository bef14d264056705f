// Where somebody is signed in, and ending it: a lost device, a colleague who has left.
import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { deviceOf } from '../account/device.ts'
import { call } from '../connection/call.ts'
import { may, useUser } from '../connection/use-session.ts'
import { userSessionApi } from '#contracts/identity/user-session'
import { RowList, Row } from '../frame/section.tsx'
import { ProblemAlert } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { useAdministratorWords } from './administration.tsx'

export function UserSessions({ user_id }: { user_id: string }) {
  const words = useAdministratorWords()
  const dates = useDates()
  const me = useUser()
  const known = useQueryClient()
  const queryKey = ['users', 'sessions', user_id]
  const list = useQuery({ queryKey, queryFn: () => call(userSessionApi.listSessions, { params: { user_id } }) })
  const end = useMutation({
    mutationFn: (session_id: string | undefined) =>
      session_id === undefined
        ? call(userSessionApi.endSessions, { params: { user_id } })
        : call(userSessionApi.endSession, { params: { user_id, session_id } }),
    onSettled: () => known.invalidateQueries({ queryKey }),
  })
  const mayEnd = may(me, 'users:update')
  const items = list.data?.items ?? []
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h4">
            {words.sessions}
          </Title>
          {mayEnd && items.length > 0 && (
            <Button size="compact-sm" variant="default" onClick={() => end.mutate(undefined)} loading={end.isPending}>
              {words.end_all}
            </Button>
          )}
        </Group>
        {end.error && <ProblemAlert error={end.error} />}
        <RowList
          of={{ ...list, items }}
          label={words.sessions}
          none={words.sessions_none}
          row={(session) => (
            <Row key={session.id}>
              <Group justify="space-between" gap="xs">
                <div>
                  <Text fw={600}>{deviceOf(session.user_agent) ?? words.unknown_device}</Text>
                  <Text size="sm" c="dimmed">
                    {words.used(dates.short(session.last_used_at))}
                    {session.ip_address ? ` · ${session.ip_address}` : ''}
                  </Text>
                </div>
                {mayEnd && (
                  <Button size="compact-sm" variant="default" onClick={() => end.mutate(session.id)}>
                    {words.end}
                  </Button>
                )}
              </Group>
            </Row>
          )}
        />
      </Stack>
    </Paper>
  )
}
