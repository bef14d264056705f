// Who saw or changed one's record, to whom it was given, and a copy of all of it for oneself.
import { Alert, Badge, Button, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { download } from '../connection/download.ts'
import { may, useUser } from '../connection/use-session.ts'
import { disclosureApi } from '#contracts/patients/disclosure'
import { emergencyAccessApi, type SeenBy } from '#contracts/patients/emergency-access'
import { exportApi } from '#contracts/patients/export'
import { PageTitle } from '../frame/page-title.tsx'
import { ProblemAlert } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { ownCare } from '../words/own-care.ts'
import { useWordsOf } from '../words/words.tsx'
import { OwnRecordNav } from './own-record-nav.tsx'
import { Section } from './section.tsx'

export function OwnAccessPage() {
  const { access: words, record } = useWordsOf(ownCare)
  const user = useUser()
  const { patient_id } = user
  return (
    <Stack gap="lg">
      <PageTitle title={words.title} />
      {patient_id === null ? (
        <Alert color="ward">
          <Text size="sm">{record.no_record}</Text>
        </Alert>
      ) : (
        <>
          <OwnRecordNav />
          {may(user, 'patients:export') && <Copy patient_id={patient_id} />}
          <Text c="dimmed">{words.text}</Text>
          <Section
            title={words.seen}
            none={words.nobody}
            queryKey={['own', 'access', patient_id]}
            read={(query) => call(emergencyAccessApi.access_log, { params: { patient_id }, query })}
          >
            {(seen) => <Seen key={seen.id} seen={seen} />}
          </Section>
          {may(user, 'patients:export') && <Disclosures patient_id={patient_id} />}
        </>
      )}
    </Stack>
  )
}

function Copy({ patient_id }: { patient_id: string }) {
  const { access: words } = useWordsOf(ownCare)
  const known = useQueryClient()
  const copy = useMutation({
    mutationFn: () => download(exportApi.export, { patient_id }, 'record.zip'),
    onSettled: () => known.invalidateQueries({ queryKey: ['own', 'access'] }),
  })
  return (
    <Paper component="section" withBorder p="md" aria-labelledby="copy">
      <Stack gap="xs" align="flex-start">
        <Title order={2} size="h3" id="copy">
          {words.copy}
        </Title>
        <Text size="sm">{words.copy_text}</Text>
        {copy.error && <ProblemAlert error={copy.error} />}
        <Button onClick={() => copy.mutate()} loading={copy.isPending}>
          {words.save_copy}
        </Button>
        <Text size="sm" role="status">
          {copy.isSuccess ? words.copied : ''}
        </Text>
      </Stack>
    </Paper>
  )
}

function Seen({ seen }: { seen: SeenBy }) {
  const { access: words } = useWordsOf(ownCare)
  const user = useUser()
  const dates = useDates()
  const { timestamp, user_id, user_name, role, action, outcome, purpose } = seen
  const who = user_id === user.id ? words.you : (user_name ?? words.roles[role ?? ''] ?? words.somebody)
  const inRole = user_id === user.id ? undefined : words.roles[role ?? '']
  return (
    <Paper component="article" withBorder p="sm">
      <Group justify="space-between" gap="xs">
        <Text fw={600} className="name">
          {[who, inRole !== who && inRole].filter(Boolean).join(', ')}
        </Text>
        <Text size="sm" c="dimmed">
          {dates.short(timestamp)}
        </Text>
      </Group>
      <Text size="sm" className="name">
        {words.actions[action] ?? action}
      </Text>
      <Group gap={4}>
        {purpose === 'BTG' && (
          <Badge color="orange.9" variant="filled" tt="none">
            {words.emergency}
          </Badge>
        )}
        {outcome !== 'success' && (
          <Badge color="gray.7" variant="filled" tt="none">
            {words.outcomes[outcome]}
          </Badge>
        )}
      </Group>
    </Paper>
  )
}

function Disclosures({ patient_id }: { patient_id: string }) {
  const { access: words } = useWordsOf(ownCare)
  const dates = useDates()
  return (
    <Section
      title={words.disclosed}
      none={words.not_disclosed}
      queryKey={['own', 'disclosures', patient_id]}
      read={(query) => call(disclosureApi.list_disclosures, { params: { patient_id }, query })}
    >
      {({ id, disclosed_at, recipient, description, purpose }) => (
        <Paper key={id} component="article" withBorder p="sm">
          <Group justify="space-between" gap="xs">
            <Text fw={600} className="name">
              {recipient.name}
            </Text>
            <Text size="sm" c="dimmed">
              {dates.short(disclosed_at)}
            </Text>
          </Group>
          <Text size="sm" className="name">
            {description}
          </Text>
          <Text size="sm" c="dimmed" className="name">
            {purpose}
          </Text>
        </Paper>
      )}
    </Section>
  )
}
