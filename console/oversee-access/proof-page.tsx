// Whether the log is whole, and the roots that prove it to whoever keeps a copy.
import { Alert, Button, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { saveFile } from '../connection/save-file.ts'
import { type AuditRoots, auditLogApi, type AuditVerdict } from '#contracts/audit-trail/audit-log'
import { PageTitle } from '../frame/page-title.tsx'
import { Row, RowList } from '../frame/section.tsx'
import { ProblemAlert } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { OversightNav, useAuditorWords } from './oversight.tsx'

export function ProofPage() {
  const words = useAuditorWords()
  const dates = useDates()
  const verify = useMutation({ mutationFn: () => call(auditLogApi.verify, {}) })
  const roots = useQuery({ queryKey: ['audit-roots'], queryFn: () => call(auditLogApi.roots, {}) })
  return (
    <Stack>
      <PageTitle title={words.proof} />
      <OversightNav />
      <Text maw={720}>{words.verify_text}</Text>
      <Group>
        <Button loading={verify.isPending} onClick={() => verify.mutate()}>
          {words.verify}
        </Button>
      </Group>
      {verify.error && <ProblemAlert error={verify.error} onRetry={() => verify.mutate()} />}
      {verify.data && <Verdict verdict={verify.data} />}
      <Title order={2} size="h4" mt="md">
        {words.roots}
      </Title>
      <Text size="sm" c="dimmed">
        {words.roots_text}
      </Text>
      {roots.data && roots.data.items.length > 0 && (
        <Group>
          <Button variant="default" onClick={() => download(roots.data)}>
            {words.download}
          </Button>
        </Group>
      )}
      <RowList
        of={{ ...roots, items: roots.data?.items ?? [] }}
        label={words.roots}
        none={words.roots_none}
        row={({ tree_size, sealed_at, text }) => (
          <Row key={tree_size}>
            <Group justify="space-between" gap="xs">
              <Text fw={600}>{words.root_of(tree_size)}</Text>
              <Text size="sm" c="dimmed">
                {dates.precise(sealed_at)}
              </Text>
            </Group>
            <Text size="xs" className="name" component="pre" m={0} style={{ whiteSpace: 'pre-wrap' }}>
              {text}
            </Text>
          </Row>
        )}
      />
      {roots.data && roots.data.keys.length > 0 && (
        <Paper withBorder p="md">
          <Title order={2} size="h5" mb="xs">
            {words.keys}
          </Title>
          {roots.data.keys.map((key) => (
            <Text key={key} size="sm" className="name" component="pre" m={0} style={{ whiteSpace: 'pre-wrap' }}>
              {key}
            </Text>
          ))}
        </Paper>
      )}
    </Stack>
  )
}

function Verdict({ verdict }: { verdict: AuditVerdict }) {
  const words = useAuditorWords()
  const { is_whole, whole_entries, unsealed_entries, roots, agreeing_outside_roots, purged_entries, findings } = verdict
  return (
    <Alert color={is_whole ? 'ward' : 'red'} role={is_whole ? 'status' : 'alert'}>
      <Stack gap="xs">
        <Text fw={600}>{is_whole ? words.whole(whole_entries) : words.broken(verdict.findings_total)}</Text>
        <Text size="sm">
          {[
            words.roots_agree(agreeing_outside_roots, roots),
            unsealed_entries > 0 && words.unsealed(unsealed_entries),
            purged_entries > 0 && words.purged(purged_entries),
          ]
            .filter(Boolean)
            .join(' · ')}
        </Text>
        {verdict.unread_roots.length > 0 && (
          <Text size="sm" fw={600}>
            {words.roots_unread(verdict.unread_roots.join(', '))}
          </Text>
        )}
        {findings.length > 0 && (
          <div>
            <Text size="sm" fw={600}>
              {words.faults}
            </Text>
            <ul>
              {findings.map(({ kind, seq, entry_id, reason }) => (
                <li key={`${kind} ${seq} ${entry_id}`} className="name">
                  {[seq, reason, entry_id].filter((part) => part !== null).join(' · ')}
                </li>
              ))}
            </ul>
          </div>
        )}
      </Stack>
    </Alert>
  )
}

function download({ items, keys }: AuditRoots) {
  const text = [...keys, '', ...items.map((item) => item.text)].join('\n')
  saveFile('audit-roots.txt', 'text/plain', text)
}
