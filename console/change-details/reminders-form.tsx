// How somebody is told of their appointments: by e-mail or not, how long before, and when not.
import { Button, Checkbox, Group, SimpleGrid, Switch, Text, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type Ending, useBeginning, VersionedForm } from '../conflict/versioned-form.tsx'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { messagesByMember } from '../connection/problem-of.ts'
import { notificationApi, type NotificationPreferences } from '#contracts/notifications/notification'
import { ReadProblem, Waiting } from '../frame/states.tsx'
import { useSpoken, useWords } from '../words/words.tsx'
import { useDetailsWords } from './words.ts'

/** Minutes before the start that are offered; others that were chosen elsewhere are kept among them. */
const offered = [120, 1440, 2880, 10_080]
const mostReminders = 3

export function RemindersForm({ patient_id }: { patient_id: string }) {
  const { count, ...ending } = useBeginning()
  const chosen = useQuery({
    queryKey: ['notification-preferences', patient_id],
    queryFn: () => call(notificationApi.preferences, { params: { patient_id } }),
  })
  if (chosen.isPending) return <Waiting />
  if (chosen.error) return <ReadProblem error={chosen.error} />
  return <Form key={count} patient_id={patient_id} chosen={chosen.data} {...ending} />
}

type FormProps = Ending & { patient_id: string; chosen: NotificationPreferences }

function Form({ patient_id, chosen, ...ending }: FormProps) {
  const words = useDetailsWords()
  const { frame, members } = useWords()
  const { locale } = useSpoken()
  const known = useQueryClient()
  const params = { patient_id }
  const draft = useDraft<NotificationPreferences>(`reminders ${patient_id}`, chosen)
  const { email, reminder_minutes, quiet_from, quiet_until, timezone, version } = draft.value
  const list = new Intl.ListFormat(locale)
  const before = (minutes: readonly number[]) => list.format(minutes.map((one) => words.before(one)))
  const quiet = (from: string | null, until: string | null) => (from && until ? `${from}–${until}` : '')
  const times = [...new Set([...offered, ...chosen.reminder_minutes, ...reminder_minutes])].sort((a, b) => a - b)
  const body = { email, reminder_minutes, quiet_from: quiet_from || null, quiet_until: quiet_until || null, timezone }
  return (
    <VersionedForm
      {...ending}
      version={version}
      draft={draft}
      saved={words.saved}
      read={() => call(notificationApi.preferences, { params })}
      send={(over_version) => call(notificationApi.choose, { params, body }, { version: over_version })}
      keep={(now) => known.setQueryData(['notification-preferences', patient_id], now)}
      differing={(theirs) => [
        { label: words.by_email, theirs: words.yes_no(theirs.email), mine: words.yes_no(email) },
        { label: words.remind, theirs: before(theirs.reminder_minutes), mine: before(reminder_minutes) },
        {
          label: words.quiet,
          theirs: quiet(theirs.quiet_from, theirs.quiet_until),
          mine: quiet(quiet_from, quiet_until),
        },
      ]}
    >
      {({ isPending, problem }) => {
        const messages = messagesByMember(problem, members)
        return (
          <>
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
                    disabled={
                      !email || (reminder_minutes.length >= mostReminders && !reminder_minutes.includes(minutes))
                    }
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
              <Button type="submit" loading={isPending}>
                {frame.save}
              </Button>
            </Group>
          </>
        )
      }}
    </VersionedForm>
  )
}
