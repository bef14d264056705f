// What a webhook was told, and telling it again.
import { Badge, Button, Group, NativeSelect, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { usePages } from '../connection/pages.ts'
import { may, useUser } from '../connection/use-session.ts'
import { type Delivery, deliveryApi, DeliveryStatus } from '#contracts/webhooks/delivery'
import { webhookApi } from '#contracts/webhooks/webhook'
import { PageTitle } from '../frame/page-title.tsx'
import { Row, RowList } from '../frame/section.tsx'
import { ProblemAlert } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { OperationNav, useOperationWords } from './operation.tsx'

const route = getRouteApi(`/closed${addresses.deliveries}`)
/** Nobody is told of tellings; this is often enough to watch them go. */
const refreshMs = 5000
const colors = { waiting: 'yellow', delivered: 'ward', dead: 'red' } as const

export function DeliveriesPage() {
  const words = useOperationWords()
  const dates = useDates()
  const user = useUser()
  const known = useQueryClient()
  const params = route.useParams()
  const [status, setStatus] = useState<Delivery['status'] | ''>('')
  const webhook = useQuery({
    queryKey: ['webhooks', 'one', params.webhook_id],
    queryFn: () => call(webhookApi.read, { params }),
  })
  const list = usePages(
    ['deliveries', params.webhook_id, status],
    async (cursor) => ({
      ...(await call(deliveryApi.list, {
        params,
        query: { status: status === '' ? undefined : status, limit: '50', cursor },
      })),
      total: 0,
    }),
    { refetchInterval: refreshMs },
  )
  const replay = useMutation({
    mutationFn: (delivery_id: string) => call(deliveryApi.replay, { params: { delivery_id } }),
    onSettled: () => known.invalidateQueries({ queryKey: ['deliveries'] }),
  })
  return (
    <Stack>
      <PageTitle title={words.deliveries} />
      <OperationNav />
      <Text className="name">{webhook.data?.url}</Text>
      <Group>
        <NativeSelect
          label={words.state}
          value={status}
          onChange={(event) => setStatus(event.currentTarget.value as typeof status)}
          data={[
            { value: '', label: words.any },
            ...DeliveryStatus.options.map((value) => ({ value, label: words.delivery_states[value] })),
          ]}
        />
      </Group>
      {replay.error && <ProblemAlert error={replay.error} />}
      <RowList
        of={list}
        label={words.deliveries}
        none={words.deliveries_none}
        row={(delivery) => (
          <Row key={delivery.id} mark={delivery.status === 'dead' ? 'bad' : undefined}>
            <Group justify="space-between" gap="xs">
              <div style={{ minWidth: 0 }}>
                <Text fw={600} className="name">
                  {delivery.type}
                </Text>
                <Text size="sm" c="dimmed" className="name">
                  {[
                    dates.precise(delivery.created_at),
                    delivery.attempts > 0 && words.attempts(delivery.attempts),
                    delivery.answered_status,
                    delivery.failure && (words.failures[delivery.failure] ?? delivery.failure),
                  ]
                    .filter(Boolean)
                    .join(' · ')}
                </Text>
              </div>
              <Group gap="xs">
                <Badge variant="light" color={colors[delivery.status]} tt="none">
                  {words.delivery_states[delivery.status]}
                </Badge>
                {delivery.status !== 'waiting' && may(user, 'webhooks:write') && (
                  <Button
                    size="compact-sm"
                    variant="default"
                    aria-label={words.replay_of(delivery.type)}
                    onClick={() => replay.mutate(delivery.id)}
                  >
                    {words.replay}
                  </Button>
                )}
              </Group>
            </Group>
          </Row>
        )}
      />
    </Stack>
  )
}
