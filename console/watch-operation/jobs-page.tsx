// The work behind the requests, and another try for what has failed.
import { Alert, Button, Group, Stack, Table, Text, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { may, useUser } from '../connection/use-session.ts'
import { jobApi, type JobOverview } from '#contracts/jobs/job'
import { PageTitle } from '../frame/page-title.tsx'
import { Row, RowList } from '../frame/section.tsx'
import { ProblemAlert } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { numberFormat } from '../words/numbers.ts'
import { useSpoken } from '../words/words.tsx'
import { OperationNav, useOperationWords } from './operation.tsx'

const states = ['waiting', 'running', 'completed', 'cancelled', 'failed'] as const
/** Nobody is told of jobs; this is often enough to watch them go. */
const refreshMs = 5000

export function JobsPage() {
  const words = useOperationWords()
  const dates = useDates()
  const user = useUser()
  const known = useQueryClient()
  const jobs = useQuery({
    queryKey: ['jobs'],
    queryFn: () => call(jobApi.list, { query: { limit: '100' } }),
    refetchInterval: refreshMs,
  })
  const retry = useMutation({
    mutationFn: (job_id: string) => call(jobApi.retry, { params: { job_id } }),
    onSettled: () => known.invalidateQueries({ queryKey: ['jobs'] }),
  })
  return (
    <Stack>
      <PageTitle title={words.jobs} />
      <OperationNav />
      <Text maw={720}>{words.jobs_text}</Text>
      {retry.error && <ProblemAlert error={retry.error} />}
      {retry.isSuccess && (
        <Alert color="ward" role="status">
          {words.retried}
        </Alert>
      )}
      <Title order={2} size="h4">
        {words.failed}
      </Title>
      <RowList
        of={{ ...jobs, items: jobs.data?.failed ?? [] }}
        label={words.failed}
        none={words.failed_none}
        row={(job) => (
          <Row key={job.id} mark="bad">
            <Group justify="space-between" gap="xs">
              <div style={{ minWidth: 0 }}>
                <Text fw={600} className="name">
                  {job.name}
                </Text>
                <Text size="sm" className="name">
                  <code>{job.error_code}</code> · {words.attempts(job.attempts)} · {dates.precise(job.failed_at)}
                </Text>
                <Text size="sm" c="dimmed" className="name">
                  {words.id} {job.id}
                </Text>
              </div>
              {may(user, 'operation:write') && (
                <Button
                  size="compact-sm"
                  variant="default"
                  aria-label={words.retry_of(job.name)}
                  loading={retry.isPending && retry.variables === job.id}
                  onClick={() => retry.mutate(job.id)}
                >
                  {words.retry}
                </Button>
              )}
            </Group>
          </Row>
        )}
      />
      {jobs.data && jobs.data.counts.length > 0 && <Counts counts={jobs.data.counts} />}
    </Stack>
  )
}

function Counts({ counts }: Pick<JobOverview, 'counts'>) {
  const words = useOperationWords()
  const { locale } = useSpoken()
  const number = numberFormat(locale)
  const names = [...new Set(counts.map(({ name }) => name))].sort()
  return (
    <>
      <Title order={2} size="h4">
        {words.counts}
      </Title>
      <div role="region" aria-label={words.counts} tabIndex={0} style={{ overflowX: 'auto' }}>
        <Table striped>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{words.job}</Table.Th>
              {states.map((state) => (
                <Table.Th key={state}>{words.states[state]}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {names.map((name) => (
              <Table.Tr key={name}>
                <Table.Th scope="row" fw={400}>
                  {name}
                </Table.Th>
                {states.map((state) => (
                  <Table.Td key={state}>
                    {number.format(counts.find((one) => one.name === name && one.state === state)?.count ?? 0)}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </>
  )
}
