// Where one is signed in, and the latest attempts to sign in as oneself.
import { Badge, Button, Group, Modal, Paper, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { problemOf } from '../connection/problem-of.ts'
import { useUser } from '../connection/use-session.ts'
import { CalendarLinks } from '../change-details/calendar-links.tsx'
import { useDetailsWords } from '../change-details/words.ts'
import { sessionApi } from '#contracts/identity/session'
import { ProblemAlert, ReadProblem, Waiting } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { en } from '../words/sessions.en.ts'
import { es } from '../words/sessions.es.ts'
import { useWords, useWordsOf } from '../words/words.tsx'
import { deviceOf } from './device.ts'
import { Proof } from './proof.tsx'
import { PageTitle } from '../frame/page-title.tsx'

export function SessionsPage() {
  const { frame } = useWords()
  const sessions = useWordsOf({ en, es })
  const dates = useDates()
  const user = useUser()
  const known = useQueryClient()
  const list = useQuery({ queryKey: ['sessions'], queryFn: () => call(sessionApi.sessions, {}) })
  const end = useMutation({
    mutationFn: (session_id: string) => call(sessionApi.endSession, { params: { session_id } }),
    onSuccess: () => known.invalidateQueries({ queryKey: ['sessions'] }),
  })
  const mustProve = end.error && problemOf(end.error).kind.code === 'reauth_required'
  const device = (user_agent: string | null) => deviceOf(user_agent) ?? sessions.unknown_device
  return (
    <Stack>
      <PageTitle title={sessions.title} />
      {list.isPending && <Waiting />}
      {list.error && <ReadProblem error={list.error} />}
      {end.error && !mustProve && <ProblemAlert error={end.error} />}
      {list.data?.items.map((session) => (
        <Paper key={session.id} withBorder p="md">
          <Group justify="space-between">
            <div>
              <Group gap="xs">
                <Text fw={600}>{device(session.user_agent)}</Text>
                {session.is_current && (
                  <Badge variant="light" size="lg" tt="none">
                    {sessions.this}
                  </Badge>
                )}
              </Group>
              <Text size="sm" c="dimmed">
                {sessions.since(dates.short(session.created_at))} · {sessions.used(dates.short(session.last_used_at))}
                {session.ip_address ? ` · ${session.ip_address}` : ''}
              </Text>
            </div>
            {!session.is_current && (
              <Button variant="default" onClick={() => end.mutate(session.id)}>
                {sessions.end}
              </Button>
            )}
          </Group>
        </Paper>
      ))}
      {list.data && list.data.recent_attempts.length > 0 && (
        <>
          <Title order={2} size="h4" mt="md">
            {sessions.attempts}
          </Title>
          <Paper withBorder p="md">
            <Stack gap="xs">
              {list.data.recent_attempts.map((attempt) => (
                <Group key={`${attempt.at} ${attempt.outcome}`} gap="xs">
                  <Text size="sm" fw={600}>
                    {sessions[attempt.outcome]}
                  </Text>
                  <Text size="sm" c="dimmed">
                    {dates.short(attempt.at)} · {device(attempt.user_agent)}
                    {attempt.ip_address ? ` · ${attempt.ip_address}` : ''}
                  </Text>
                </Group>
              ))}
            </Stack>
          </Paper>
        </>
      )}
      {user.doctor_id !== null && <CalendarOfDoctor />}
      <Modal
        opened={Boolean(mustProve)}
        onClose={() => end.reset()}
        title={sessions.prove}
        closeButtonProps={{ 'aria-label': frame.close }}
      >
        <Proof onProven={() => end.variables && end.mutate(end.variables)} />
      </Modal>
    </Stack>
  )
}

/** Secrets that open something of one's own, too. */
function CalendarOfDoctor() {
  const words = useDetailsWords()
  return (
    <Paper component="section" withBorder p="md" aria-labelledby="calendar-links">
      <Title order={2} size="h4" mb="sm" id="calendar-links">
        {words.links}
      </Title>
      <CalendarLinks />
    </Paper>
  )
}
