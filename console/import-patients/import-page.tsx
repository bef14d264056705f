// Registering many patients from a file: first tried, then done, with what was found in each line.
import { Alert, Button, FileInput, Group, Loader, Stack, Table, Text, Title } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import { importApi, largestImportBytes, type PatientImport } from '#contracts/patients/import'
import { PageTitle } from '../frame/page-title.tsx'
import { ProblemAlert } from '../frame/states.tsx'
import { AdministrationNav } from '../look-after-accounts/administration.tsx'
import { en } from '../words/import.en.ts'
import { es } from '../words/import.es.ts'
import { numberFormat } from '../words/numbers.ts'
import { useSpoken, useWordsOf } from '../words/words.tsx'
import { beginImport, readText } from './begin-import.ts'

const pollMs = 1000

export function ImportPage() {
  const words = useWordsOf({ en, es })
  const [file, setFile] = useState<File | null>(null)
  const [refusal, setRefusal] = useState<string>()
  const begin = useMutation({
    mutationFn: async ({ chosen, isDry }: { chosen: File; isDry: boolean }) => {
      const text = chosen.size > largestImportBytes ? undefined : await readText(chosen).catch(() => undefined)
      setRefusal(text !== undefined ? undefined : chosen.size > largestImportBytes ? words.too_large : words.not_utf8)
      return text === undefined ? undefined : beginImport(text, isDry)
    },
  })
  const run = useQuery({
    queryKey: ['import', begin.data?.id],
    queryFn: () => call(importApi.read, { params: { import_id: begin.data?.id ?? '' }, query: {} }),
    enabled: begin.data !== undefined,
    refetchInterval: ({ state }) => (state.error || (state.data && state.data.status !== 'running') ? false : pollMs),
  })
  const state = begin.data && (run.data ?? begin.data)
  const isRunning = begin.isPending || state?.status === 'running'
  const start = (isDry: boolean) => file && begin.mutate({ chosen: file, isDry })
  return (
    <Stack>
      <PageTitle title={words.title} />
      <AdministrationNav />
      <Text maw={720}>{words.text}</Text>
      <Text size="sm" c="dimmed" maw={720} className="name">
        {words.columns}
      </Text>
      <FileInput
        label={words.file}
        placeholder={words.choose}
        accept=".csv,text/csv"
        value={file}
        onChange={(chosen) => {
          setFile(chosen)
          setRefusal(undefined)
          begin.reset()
        }}
        error={refusal}
        maw={420}
        disabled={isRunning}
      />
      <Group>
        <Button onClick={() => start(true)} disabled={!file || isRunning}>
          {words.dry}
        </Button>
        <Button variant="default" onClick={() => start(false)} disabled={!file || isRunning}>
          {state?.dry_run && state.status === 'finished' ? words.run_after : words.run}
        </Button>
      </Group>
      {(begin.error ?? run.error) && <ProblemAlert error={begin.error ?? run.error} />}
      {state && <Progressing state={state} />}
    </Stack>
  )
}

function Progressing({ state }: { state: PatientImport }) {
  const words = useWordsOf({ en, es })
  const { locale } = useSpoken()
  const number = (value: number) => numberFormat(locale).format(value)
  const { status, dry_run } = state
  const counts = [
    [words.total, state.rows_total],
    [dry_run ? words.fit : words.accepted, state.rows_accepted],
    [words.known, state.rows_known],
    [words.refused, state.rows_refused],
  ] as const
  return (
    <>
      <Alert color={status === 'failed' ? 'red' : 'ward'} role="status">
        <Group gap="sm">
          {status === 'running' && <Loader size="xs" aria-hidden />}
          <Text fw={600}>
            {status === 'running'
              ? words.running
              : status === 'failed'
                ? words.failed
                : dry_run
                  ? words.dry_done
                  : words.done}
          </Text>
        </Group>
        {state.failure && <Text size="sm">{state.failure}</Text>}
        <Group component="dl" gap="lg" m={0} mt="xs">
          {counts.map(([label, count]) => (
            <div key={label}>
              <Text component="dt" size="sm">
                {label}
              </Text>
              <Text component="dd" m={0} fw={600}>
                {number(count)}
              </Text>
            </div>
          ))}
        </Group>
      </Alert>
      {status === 'finished' && (
        <>
          <Title order={2} size="h4">
            {words.report}
          </Title>
          {state.report.length === 0 ? <Text>{words.no_findings}</Text> : <Findings state={state} />}
        </>
      )}
    </>
  )
}

function Findings({ state: { report, next_line } }: { state: PatientImport }) {
  const words = useWordsOf({ en, es })
  return (
    <>
      {next_line !== null && <Text size="sm">{words.report_more}</Text>}
      <div role="region" aria-label={words.table} tabIndex={0} style={{ overflowX: 'auto' }}>
        <Table striped>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{words.line}</Table.Th>
              <Table.Th>{words.column}</Table.Th>
              <Table.Th>{words.reason}</Table.Th>
              <Table.Th>{words.weight}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {report.map(({ line, field, code, reason, refused }) => (
              <Table.Tr key={`${line} ${field} ${code}`}>
                <Table.Td>{line}</Table.Td>
                <Table.Td>{field ?? ''}</Table.Td>
                <Table.Td lang="en">{reason}</Table.Td>
                <Table.Td>{refused ? words.refused : words.warning}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </>
  )
}
