// How somebody is told of their appointments: by e-mail or not, how long before, and when not.
import { Alert, Button, Checkbox, Group, SimpleGrid, Stack, Switch, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { BothVersions } from '../conflict/both-versions.tsx'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { messagesByMember, problemOf } from '../connection/problem-of.ts'
import { notificationApi, type NotificationPreferences } from '#contracts/notifications/notification'
import { ProblemAlert, Waiting } from '../frame/states.tsx'
import { useSpoken, useWords } from '../words/words.tsx'
import { useDetailsWords } from './words.ts'

/** Minutes before the start that are offered; others that were chosen elsewhere are kept among them. */
const offered = [120, 1440, 2880, 10_080]
const mostReminders = 3

type FormProps = {
  patient_id: string
  chosen: NotificationPreferences
  isSaved: boolean
  onEnd: (isSaved: boolean) => void
}

export function RemindersForm({ patient_id }: { patient_id: string }) {
  const [ended, setEnded] = useState({ count: 0, isSaved: false })
  const chosen = useQuery({
    queryKey: ['notification-preferences', patient_id],
    queryFn: () => call(notificationApi.preferences, { params: { patient_id } }),
  })
  if (chosen.isPending) return <Waiting />
  if (chosen.error) return <ProblemAlert error={chosen.error} onRetry={() => void chosen.refetch()} />
  return (
    <Form
      key={ended.count}
      patient_id={patient_id}
      chosen={chosen.data}
      isSaved={ended.isSaved}
      onEnd={(isSaved) => setEnded({ count: ended.count + 1, isSaved })}
    />
  )
}

function Form({ patient_id, chosen, isSaved, onEnd }: FormProps) {
  const words = useDetailsWords()
  const { frame, members } = useWords()
  const { locale } = useSpoken()
  const known = useQueryClient()
  const queryKey = ['notification-preferences', patient_id]
  const draft = useDraft<NotificationPreferences>(`reminders ${patient_id}`, chosen)
  const { email, reminder_minutes, quiet_from, quiet_until, timezone, version } = draft.value
  const [theirs, setTheirs] = useState<NotificationPreferences>()
  const save = useMutation({
    mutationFn: (at: number) =>
      call(
        notificationApi.choose,
        {
          params: { patient_id },
          body: { email, reminder_minutes, quiet_from: quiet_from || null, quiet_until: quiet_until || null, timezone },
        },
        { version: at },
      ),
    onSuccess(saved) {
      draft.forget()
      known.setQueryData(queryKey, saved)
      onEnd(true)
    },
    async onError(error) {
      if (problemOf(error).kind.code !== 'stale_version') return
      const now = await call(notificationApi.preferences, { params: { patient_id } })
      known.setQueryData(queryKey, now)
      setTheirs(now)
    },
  })
  const problem = save.error ? problemOf(save.error) : undefined
  const messages = messagesByMember(problem, members)
  const list = new Intl.ListFormat(locale)
  const before = (minutes: readonly number[]) => list.format(minutes.map((one) => words.before(one)))
  const quiet = (from: string | null, until: string | null) => (from && until ? `${from}–${until}` : '')
  const times = [...new Set([...offered, ...chosen.reminder_minutes, ...reminder_minutes])].sort((a, b) => a - b)
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (!save.isPending) save.mutate(version)
      }}
    >
      <Stack>
        {theirs ? (
          <BothVersions
            words={words.conflict}
            fields={[
              { label: words.by_email, theirs: words.yes_no(theirs.email), mine: words.yes_no(email) },
              { label: words.remind, theirs: before(theirs.reminder_minutes), mine: before(reminder_minutes) },
              {
                label: words.quiet,
                theirs: quiet(theirs.quiet_from, theirs.quiet_until),
                mine: quiet(quiet_from, quiet_until),
              },
            ]}
            isPending={save.isPending}
            onTheirs={() => {
              draft.forget()
              onEnd(false)
            }}
            onMine={() => save.mutate(theirs.version)}
          />
        ) : (
          problem && <ProblemAlert error={problem} />
        )}
        {isSaved && (
          <Alert color="ward" role="status">
            {words.saved}
          </Alert>
        )}
        <Switch
          label={words.by_email}
          description={words.by_email_help}
          checked={email}
          onChange={(event) => draft.change({ email: event.currentTarget.checked })}
        />
        <Checkbox.Group
          label={words.remind}
          description={words.remind_help}
          value={reminder_minutes.map(String)}
          onChange={(values) => draft.change({ reminder_minutes: values.map(Number).sort((a, b) => b - a) })}
          error={messages['reminder_minutes']}
        >
          <Group mt="xs">
            {times.map((minutes) => (
              <Checkbox
                key={minutes}
                value={String(minutes)}
                label={words.before(minutes)}
                disabled={!email || (reminder_minutes.length >= mostReminders && !reminder_minutes.includes(minutes))}
              />
            ))}
          </Group>
        </Checkbox.Group>
        <Text size="sm">{words.quiet_help}</Text>
        <SimpleGrid cols={2}>
          <TextInput
            type="time"
            label={words.quiet_from}
            value={quiet_from ?? ''}
            onChange={(event) => draft.change({ quiet_from: event.currentTarget.value || null })}
            error={messages['quiet_from']}
            disabled={!email}
          />
          <TextInput
            type="time"
            label={words.quiet_until}
            value={quiet_until ?? ''}
            onChange={(event) => draft.change({ quiet_until: event.currentTarget.value || null })}
            error={messages['quiet_until']}
            disabled={!email}
          />
        </SimpleGrid>
        <Group>
          <Button type="submit" loading={save.isPending}>
            {frame.save}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
