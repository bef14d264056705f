// What the patient was told of an appointment, and what did not reach them: whoever stands at the desk then calls.
import { Button, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import { type Notice, notificationApi } from '#contracts/notifications/notification'
import { ReadProblem, Waiting } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { desk } from '../words/desk.ts'
import { useWordsOf } from '../words/words.tsx'

export function Notices({ appointment_id }: { appointment_id: string }) {
  const words = useWordsOf(desk)
  const [isOpen, setOpen] = useState(false)
  return (
    <Stack gap="xs" align="flex-start">
      <Button size="compact-md" variant="subtle" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {words.notices}
      </Button>
      {isOpen && <NoticeList appointment_id={appointment_id} />}
    </Stack>
  )
}

function NoticeList({ appointment_id }: { appointment_id: string }) {
  const words = useWordsOf(desk)
  const list = useQuery({
    queryKey: ['appointments', 'notices', appointment_id],
    queryFn: () => call(notificationApi.notices, { params: { appointment_id } }).then(({ items }) => items),
  })
  if (list.isPending) return <Waiting />
  if (list.error) return <ReadProblem error={list.error} />
  if (list.data.length === 0) return <Text size="sm">{words.notices_none}</Text>
  return (
    <Stack component="ul" gap="xs" m={0} ps="lg" aria-label={words.notices}>
      {list.data.map((notice) => (
        <li key={notice.id}>
          <NoticeLine notice={notice} />
        </li>
      ))}
    </Stack>
  )
}

function NoticeLine({ notice: { kind, status, skipped, created_at, sent_at, attempts } }: { notice: Notice }) {
  const words = useWordsOf(desk)
  const dates = useDates()
  const isLost = status === 'failed' || skipped === 'no_address' || skipped === 'record_damaged'
  const why = skipped ? words.notice_skipped[skipped] : words.notice_states[status]
  const reason = status === 'failed' ? attempts.at(-1)?.reason : undefined
  return (
    <>
      <Text size="sm" fw={600}>
        {words.notice_kinds[kind]}, {dates.short(sent_at ?? created_at)}
      </Text>
      <Text size="sm" {...(isLost && { c: 'var(--mantine-color-error)' })}>
        {[why, reason].filter(Boolean).join(': ')}
      </Text>
    </>
  )
}
