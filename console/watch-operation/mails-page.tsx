// The outbox of mail.
import { Badge, Button, Group, NativeSelect, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import { usePages } from '../connection/pages.ts'
import { type Mail, mailApi } from '#contracts/identity/mail'
import { PageTitle } from '../frame/page-title.tsx'
import { Row, RowList } from '../frame/section.tsx'
import { useDates } from '../words/dates.ts'
import { OperationNav, useOperationWords } from './operation.tsx'

const statuses = ['waiting', 'sent', 'kept', 'failed'] as const
const colors = { waiting: 'yellow', sent: 'ward', kept: 'gray', failed: 'red' } as const

export function MailsPage() {
  const words = useOperationWords()
  const [status, setStatus] = useState<Mail['status'] | ''>('')
  const list = usePages(['mails', status], (cursor) =>
    call(mailApi.list, { query: { status: status === '' ? undefined : status, limit: '50', cursor } }),
  )
  return (
    <Stack>
      <PageTitle title={words.mails} />
      <OperationNav />
      <Text maw={720}>{words.mails_text}</Text>
      <Group>
        <NativeSelect
          label={words.state}
          value={status}
          onChange={(event) => setStatus(event.currentTarget.value as typeof status)}
          data={[
            { value: '', label: words.any },
            ...statuses.map((value) => ({ value, label: words.mail_states[value] })),
          ]}
        />
      </Group>
      <RowList
        of={list}
        label={words.mails}
        none={words.mails_none}
        row={(mail) => <MailRow key={mail.id} mail={mail} />}
      />
    </Stack>
  )
}

function MailRow({ mail }: { mail: Mail }) {
  const words = useOperationWords()
  const dates = useDates()
  const [isOpen, setOpen] = useState(false)
  return (
    <Row mark={mail.status === 'failed' ? 'bad' : undefined}>
      <Group justify="space-between" gap="xs">
        <div style={{ minWidth: 0 }}>
          <Text fw={600} className="name">
            {mail.subject ?? mail.template}
          </Text>
          <Text size="sm" c="dimmed" className="name">
            {[
              mail.to,
              dates.short(mail.sent_at ?? mail.created_at),
              mail.attempts > 0 && words.attempts(mail.attempts),
              mail.last_error,
            ]
              .filter(Boolean)
              .join(' · ')}
          </Text>
        </div>
        <Group gap="xs">
          <Badge variant="light" color={colors[mail.status]} tt="none">
            {words.mail_states[mail.status]}
          </Badge>
          {mail.text && (
            <Button size="compact-sm" variant="subtle" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
              {words.read}
            </Button>
          )}
        </Group>
      </Group>
      {isOpen && (
        <Text size="sm" mt="xs" className="name" style={{ whiteSpace: 'pre-wrap' }}>
          {mail.text}
        </Text>
      )}
    </Row>
  )
}
