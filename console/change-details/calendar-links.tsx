// Links by which a calendar program shows one's own appointments: each is a secret, shown once, and can be revoked.
import { Button, Code, CopyButton, Group, Modal, Paper, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Proof } from '../account/proof.tsx'
import { call } from '../connection/call.ts'
import { problemOf } from '../connection/problem-of.ts'
import { useUser } from '../connection/use-session.ts'
import { type CalendarFeed, icalendarApi } from '#contracts/appointments/icalendar'
import { ProblemAlert, ReadProblem, Waiting } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { useWords } from '../words/words.tsx'
import { useDetailsWords } from './words.ts'

const queryKey = ['calendar-feeds']

export function CalendarLinks() {
  const words = useDetailsWords()
  const { frame } = useWords()
  const user = useUser()
  const known = useQueryClient()
  const list = useQuery({ queryKey, queryFn: () => call(icalendarApi.listFeeds, {}).then(({ items }) => items) })
  const onSettled = () => known.invalidateQueries({ queryKey })
  const make = useMutation({
    mutationFn: (shows: CalendarFeed['shows']) => call(icalendarApi.makeFeed, { body: { shows } }),
    onSettled,
  })
  const kinds = [
    ...(user.patient_id === null ? [] : (['own_appointments'] as const)),
    ...(user.doctor_id === null ? [] : (['own_calendar'] as const)),
  ]
  const mustProve = make.error && problemOf(make.error).kind.code === 'reauth_required'
  return (
    <Stack gap="sm">
      <Text size="sm">{words.links_text}</Text>
      {make.error && !mustProve && <ProblemAlert error={make.error} />}
      {make.data && <NewLink link={make.data.link} onKept={() => make.reset()} />}
      {list.isPending && <Waiting />}
      {list.error && <ReadProblem error={list.error} />}
      {list.data?.length === 0 && <Text c="dimmed">{words.links_none}</Text>}
      {list.data?.map((feed) => (
        <LinkRow key={feed.id} feed={feed} onSettled={onSettled} />
      ))}
      <Group>
        {kinds.map((shows) => (
          <Button
            key={shows}
            variant="default"
            loading={make.isPending && make.variables === shows}
            onClick={() => !make.isPending && make.mutate(shows)}
          >
            {words.make_link[shows]}
          </Button>
        ))}
      </Group>
      <Modal
        opened={Boolean(mustProve)}
        onClose={() => make.reset()}
        title={words.prove}
        closeButtonProps={{ 'aria-label': frame.close }}
      >
        <Proof onProven={() => make.variables && make.mutate(make.variables)} />
      </Modal>
    </Stack>
  )
}

function NewLink({ link, onKept }: { link: string; onKept: () => void }) {
  const words = useDetailsWords()
  return (
    <Paper withBorder p="sm" role="status">
      <Stack gap="xs">
        <Text size="sm">{words.link_once}</Text>
        <Code block className="name" style={{ whiteSpace: 'pre-wrap' }}>
          {link}
        </Code>
        <Group gap="xs">
          <CopyButton value={link}>
            {({ copied, copy }) => (
              <Button variant="default" onClick={copy}>
                {copied ? words.copied : words.copy}
              </Button>
            )}
          </CopyButton>
          <Button onClick={onKept}>{words.link_kept}</Button>
        </Group>
      </Stack>
    </Paper>
  )
}

function LinkRow({ feed, onSettled }: { feed: CalendarFeed; onSettled: () => unknown }) {
  const words = useDetailsWords()
  const dates = useDates()
  const made = words.link_of(dates.short(feed.created_at))
  const revoke = useMutation({
    mutationFn: () => call(icalendarApi.revokeFeed, { params: { feed_id: feed.id } }),
    onSettled,
  })
  return (
    <Paper withBorder p="sm">
      {revoke.error && <ProblemAlert error={revoke.error} />}
      <Group justify="space-between" gap="xs">
        <div>
          <Text fw={600}>{words.link_shows[feed.shows]}</Text>
          <Text size="sm" c="dimmed">
            {made}
          </Text>
        </div>
        <Button
          variant="default"
          aria-label={words.revoke_of(made)}
          loading={revoke.isPending}
          onClick={() => !revoke.isPending && revoke.mutate()}
        >
          {words.revoke}
        </Button>
      </Group>
    </Paper>
  )
}
