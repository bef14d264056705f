// Other programs that are told of events.
import { Badge, Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { may, useUser } from '../connection/use-session.ts'
import { type Webhook, webhookApi } from '#contracts/webhooks/webhook'
import { LinkButton } from '../frame/link-button.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { Row, RowList } from '../frame/section.tsx'
import { ProblemAlert } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { useWords } from '../words/words.tsx'
import { AddWebhook } from './add-webhook.tsx'
import { OperationNav, useOperationWords } from './operation.tsx'

/** Nobody is told how a webhook is doing; this is often enough to watch it. */
const refreshMs = 5000
const colors = { working: 'ward', failing: 'red', paused: 'yellow', inactive: 'gray' } as const

export function WebhooksPage() {
  const words = useOperationWords()
  const user = useUser()
  const list = useQuery({
    queryKey: ['webhooks'],
    queryFn: () => call(webhookApi.list, {}).then(({ items }) => items),
    refetchInterval: refreshMs,
  })
  return (
    <Stack>
      <Group justify="space-between">
        <PageTitle title={words.webhooks} />
        {may(user, 'webhooks:write') && <AddWebhook />}
      </Group>
      <OperationNav />
      <Text maw={720}>{words.webhooks_text}</Text>
      <RowList
        of={{ ...list, items: list.data ?? [] }}
        label={words.webhooks}
        none={words.webhooks_none}
        row={(webhook) => <WebhookRow key={webhook.id} webhook={webhook} />}
      />
    </Stack>
  )
}

function WebhookRow({ webhook }: { webhook: Webhook }) {
  const words = useOperationWords()
  const { frame } = useWords()
  const dates = useDates()
  const user = useUser()
  const known = useQueryClient()
  const [isRemoving, setRemoving] = useState(false)
  const { id, url, state, is_active } = webhook
  const onSettled = () => known.invalidateQueries({ queryKey: ['webhooks'] })
  const params = { webhook_id: id }
  const change = useMutation({
    mutationFn: () =>
      call(webhookApi.update, { params, body: { is_active: !is_active } }, { version: webhook.version }),
    onSettled,
  })
  const remove = useMutation({
    mutationFn: () => call(webhookApi.remove, { params }, { version: webhook.version }),
    onSettled,
  })
  const toggle = is_active ? words.switch_off : words.switch_on
  return (
    <Row mark={state === 'failing' ? 'bad' : state === 'paused' ? 'warn' : undefined}>
      <Group justify="space-between" gap="xs">
        <div style={{ minWidth: 0 }}>
          <Text fw={600} className="name">
            {url}
          </Text>
          <Text size="sm" className="name">
            {[webhook.description, webhook.types.join(', ')].filter(Boolean).join(' · ')}
          </Text>
          <Text size="sm" c="dimmed" className="name">
            {[
              words.hook_counts(webhook.waiting, webhook.dead),
              webhook.last_success_at && words.last_success(dates.short(webhook.last_success_at)),
              webhook.last_failure && (words.failures[webhook.last_failure] ?? webhook.last_failure),
            ]
              .filter(Boolean)
              .join(' · ')}
          </Text>
        </div>
        <Group gap="xs">
          <Badge variant="light" color={colors[state]} tt="none">
            {words.hook_states[state]}
          </Badge>
          <LinkButton
            to={addresses.deliveries}
            params={params}
            size="compact-sm"
            variant="subtle"
            aria-label={words.deliveries_of(url)}
          >
            {words.deliveries}
          </LinkButton>
          {may(user, 'webhooks:write') && (
            <>
              <Button
                size="compact-sm"
                variant="default"
                loading={change.isPending}
                aria-label={words.switch_of(toggle, url)}
                onClick={() => change.mutate()}
              >
                {toggle}
              </Button>
              <Button
                size="compact-sm"
                variant="default"
                aria-label={words.remove_of(url)}
                onClick={() => setRemoving(true)}
              >
                {words.remove}
              </Button>
            </>
          )}
        </Group>
      </Group>
      {(change.error ?? remove.error) && <ProblemAlert error={change.error ?? remove.error} />}
      <Modal
        opened={isRemoving}
        onClose={() => setRemoving(false)}
        title={words.remove_of(url)}
        closeButtonProps={{ 'aria-label': frame.close }}
      >
        <Stack>
          <Text>{words.remove_text}</Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setRemoving(false)} data-autofocus>
              {frame.cancel}
            </Button>
            <Button color="red.9" loading={remove.isPending} onClick={() => remove.mutate()}>
              {words.remove}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </Row>
  )
}
