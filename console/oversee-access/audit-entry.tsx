// One entry of the log, with what is beside it on request.
import { Badge, Button, Group, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import type { AuditLogEntry } from '#contracts/audit-trail/audit-log'
import { Row } from '../frame/section.tsx'
import { useDates } from '../words/dates.ts'
import { useAuditorWords } from './oversight.tsx'
import type { AuditSearch } from './routes.ts'

const colors = { success: 'ward', denied: 'yellow', failure: 'red' } as const

export function AuditEntry({ entry, onNarrow }: { entry: AuditLogEntry; onNarrow: (part: AuditSearch) => void }) {
  const words = useAuditorWords()
  const dates = useDates()
  const [isOpen, setOpen] = useState(false)
  const { user_id, patient_id, correlation_id, outcome } = entry
  const who = user_id === null ? words.nobody : (entry.user_name ?? words.unnamed)
  return (
    <Row mark={outcome === 'success' ? undefined : outcome === 'denied' ? 'warn' : 'bad'}>
      <Group justify="space-between" gap="xs" wrap="nowrap" align="flex-start">
        <div style={{ minWidth: 0 }}>
          <Group gap="xs">
            <Text fw={600} className="name">
              {who}
            </Text>
            {entry.role && (
              <Text size="sm" c="dimmed" className="name">
                {entry.role}
              </Text>
            )}
            {entry.purpose && (
              <Badge color="red" variant="light" tt="none">
                {entry.purpose === 'BTG' ? words.btg : entry.purpose}
              </Badge>
            )}
          </Group>
          <Text size="sm" className="name">
            <code>{entry.action}</code>
            {entry.patient_number ? ` · ${entry.patient_number}` : ''}
          </Text>
          <Text size="sm" c="dimmed">
            {dates.precise(entry.timestamp)}
          </Text>
        </div>
        <Stack gap={4} align="flex-end">
          <Badge variant="light" color={colors[outcome]} tt="none">
            {words.outcomes[outcome]}
          </Badge>
          <Button size="compact-sm" variant="subtle" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {words.more}
          </Button>
        </Stack>
      </Group>
      {isOpen && (
        <Stack gap="xs" mt="xs">
          <Details entry={entry} />
          <Group gap="xs">
            {user_id && (
              <Button size="compact-sm" variant="default" onClick={() => onNarrow({ user_id })}>
                {words.more_of_person}
              </Button>
            )}
            {patient_id && (
              <Button size="compact-sm" variant="default" onClick={() => onNarrow({ patient_id })}>
                {words.more_of_record}
              </Button>
            )}
            <Button size="compact-sm" variant="default" onClick={() => onNarrow({ correlation_id })}>
              {words.more_of_request}
            </Button>
          </Group>
        </Stack>
      )}
    </Row>
  )
}

function Details({ entry }: { entry: AuditLogEntry }) {
  const words = useAuditorWords()
  const lines = [
    [words.record, [entry.resource_type, entry.resource_id].filter(Boolean).join(' ')],
    [words.address, entry.ip_address],
    [words.device, entry.user_agent],
    [words.request, entry.correlation_id],
    ...Object.entries(entry.details ?? {}).map(
      ([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const,
    ),
  ] as const
  return (
    <Stack component="dl" gap={2} m={0}>
      {lines.map(([label, text]) =>
        text ? (
          <Group key={label} gap="xs" wrap="nowrap" align="flex-start">
            <Text component="dt" size="sm" c="dimmed" miw={90}>
              {label}
            </Text>
            <Text component="dd" size="sm" m={0} className="name">
              {text}
            </Text>
          </Group>
        ) : null,
      )}
    </Stack>
  )
}
