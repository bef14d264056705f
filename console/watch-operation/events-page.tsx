// The outbox of events: who has come how far in it, what was set aside, and what happened last.
import { Badge, Button, Group, Stack, Text, TextInput, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import { usePages } from '../connection/pages.ts'
import { may, useUser } from '../connection/use-session.ts'
import { type EventRelay, outboxApi, type OutboxEvent, type SetAsideEvent } from '#contracts/live-events/outbox'
import { PageTitle } from '../frame/page-title.tsx'
import { Row, RowList } from '../frame/section.tsx'
import { ProblemAlert } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { OperationNav, useOperationWords } from './operation.tsx'

/** Most events are told to nobody who watches the outbox; this is often enough to watch them go. */
const refreshMs = 5000
/** A relay looks every second: what waits longer lies behind. */
const behindMs = 60_000
/** The server counts no further. */
const mostCounted = 1000

export function EventsPage() {
  const words = useOperationWords()
  const overview = useQuery({
    queryKey: ['event-outbox'],
    queryFn: () => call(outboxApi.overview, {}),
    refetchInterval: refreshMs,
  })
  const { relays = [], set_aside = [] } = overview.data ?? {}
  return (
    <Stack>
      <PageTitle title={words.events} />
      <OperationNav />
      <Text maw={720}>{words.events_text}</Text>
      <Title order={2} size="h4">
        {words.relays}
      </Title>
      <RowList
        of={{ ...overview, items: relays }}
        label={words.relays}
        none={words.relays_none}
        row={(relay) => <RelayRow key={relay.name} relay={relay} seen_at={overview.dataUpdatedAt} />}
      />
      {set_aside.length > 0 && (
        <>
          <Title order={2} size="h4">
            {words.set_aside}
          </Title>
          <Text maw={720}>{words.set_aside_text}</Text>
          <RowList
            of={{ ...overview, items: set_aside }}
            label={words.set_aside}
            none=""
            row={(event) => <SetAsideRow key={`${event.relay} ${event.event_id}`} event={event} />}
          />
        </>
      )}
      <LatestEvents />
    </Stack>
  )
}

function RelayRow({ relay, seen_at }: { relay: EventRelay; seen_at: number }) {
  const words = useOperationWords()
  const dates = useDates()
  const { name, waiting, waiting_since, set_aside } = relay
  const isBehind = waiting_since !== null && seen_at - Date.parse(waiting_since) > behindMs
  return (
    <Row mark={isBehind ? 'bad' : undefined}>
      <Group justify="space-between" gap="xs">
        <div style={{ minWidth: 0 }}>
          <Text fw={600} className="name">
            {words.relay_names[name] ?? name}
          </Text>
          <Text size="sm" c="dimmed">
            {[
              words.relay_waiting(waiting, waiting >= mostCounted),
              waiting_since && words.since(dates.precise(waiting_since)),
              set_aside > 0 && words.relay_set_aside(set_aside),
            ]
              .filter(Boolean)
              .join(' · ')}
          </Text>
        </div>
        <Badge variant="light" color={isBehind ? 'red' : 'ward'} tt="none">
          {isBehind ? words.relay_behind : words.relay_keeps_up}
        </Badge>
      </Group>
    </Row>
  )
}

function SetAsideRow({ event }: { event: SetAsideEvent }) {
  const words = useOperationWords()
  const dates = useDates()
  const known = useQueryClient()
  const user = useUser()
  const { relay, event_id, type } = event
  const replay = useMutation({
    mutationFn: () => call(outboxApi.replay, { params: { relay, event_id } }),
    onSettled: () => known.invalidateQueries({ queryKey: ['event-outbox'] }),
  })
  return (
    <Row mark="bad">
      <Group justify="space-between" gap="xs">
        <div style={{ minWidth: 0 }}>
          <Text fw={600} className="name">
            {type ?? words.event_gone}
          </Text>
          <Text size="sm" className="name">
            {words.relay_names[relay] ?? relay} · <code>{event.code}</code> · {dates.precise(event.failed_at)}
          </Text>
          <Text size="sm" c="dimmed" className="name">
            {words.id} {event_id}
          </Text>
          {event.replay_requested_at !== null && <Text size="sm">{words.retried}</Text>}
        </div>
        {type !== null && event.replay_requested_at === null && may(user, 'operation:write') && (
          <Button
            size="compact-sm"
            variant="default"
            aria-label={words.retry_of(type)}
            loading={replay.isPending}
            onClick={() => replay.mutate()}
          >
            {words.retry}
          </Button>
        )}
      </Group>
      {replay.error && <ProblemAlert error={replay.error} />}
    </Row>
  )
}

function LatestEvents() {
  const words = useOperationWords()
  const [typed, setTyped] = useState('')
  const [type, setType] = useState('')
  const list = usePages(
    ['event-outbox-events', type],
    async (cursor) => ({
      ...(await call(outboxApi.list, { query: { type: type || undefined, limit: '50', cursor } })),
      total: 0,
    }),
    { refetchInterval: refreshMs },
  )
  return (
    <>
      <Title order={2} size="h4">
        {words.latest_events}
      </Title>
      <form
        role="search"
        onSubmit={(event) => {
          event.preventDefault()
          setType(typed.trim())
        }}
      >
        <Group align="flex-end">
          <TextInput
            label={words.event_type}
            description={words.event_type_help}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            autoComplete="off"
            spellCheck={false}
            maxLength={101}
          />
          <Button type="submit" variant="default">
            {words.show_events}
          </Button>
        </Group>
      </form>
      <RowList
        of={list}
        label={words.latest_events}
        none={words.events_none}
        row={(event) => <EventRow key={event.id} event={event} />}
      />
    </>
  )
}

function EventRow({ event }: { event: OutboxEvent }) {
  const words = useOperationWords()
  const dates = useDates()
  const { waiting, delivered, dead } = event.deliveries
  const isTold = waiting + delivered + dead > 0
  return (
    <Row mark={dead > 0 ? 'bad' : undefined}>
      <Group justify="space-between" gap="xs">
        <div style={{ minWidth: 0 }}>
          <Text fw={600} className="name">
            {event.type}
          </Text>
          <Text size="sm" c="dimmed" className="name">
            {dates.precise(event.created_at)} · {event.subject_type} {event.subject_id}
          </Text>
        </div>
        <Group gap="xs">
          {event.is_waiting && (
            <Badge variant="light" color="yellow" tt="none">
              {words.event_waits}
            </Badge>
          )}
          {isTold && (
            <Badge variant="light" color={dead > 0 ? 'red' : waiting > 0 ? 'yellow' : 'ward'} tt="none">
              {words.event_told(delivered, waiting + delivered + dead)}
            </Badge>
          )}
        </Group>
      </Group>
    </Row>
  )
}
