// A reading that was signed: what it says, all versions of it, the alert that it raised, and its amendment by its author.
import { Accordion, Alert, Button, Group, Paper, Stack, Text, Textarea } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { may, useUser } from '../connection/use-session.ts'
import { assessmentApi } from '#contracts/assessments/assessment'
import type { Assessment } from '#contracts/assessments/assessment-record'
import { ProblemAlert, ReadProblem, Waiting } from '../frame/states.tsx'
import { DocumentView } from '../read-chart/document-view.tsx'
import { useStaffNames } from '../read-chart/known.ts'
import { Section } from '../read-chart/section.tsx'
import { useChartWords } from '../read-chart/words.ts'
import { useDates } from '../words/dates.ts'
import { AmendReading } from './amend-reading.tsx'
import { useDocumentsOf } from './images.tsx'
import { ReadingView } from './reading-view.tsx'
import { useRadiologyWords } from './words.ts'

export function SignedReading({ assessment }: { assessment: Assessment }) {
  const words = useRadiologyWords()
  const { codes } = useChartWords()
  const user = useUser()
  const [isAmending, setAmending] = useState(false)
  const isAuthor = assessment.author_id === user.id
  const names = useStaffNames([assessment.author_id])
  const documents = useDocumentsOf(assessment.patient_id, may(user, 'documents:read'))
  const named = documents.data?.filter(({ id }) => assessment.radiology?.document_ids.includes(id)) ?? []
  const mayAmend = isAuthor && may(user, 'radiology-assessments:write')
  return (
    <Stack maw={860}>
      <CriticalResult assessment={assessment} />
      {isAmending ? (
        <Paper withBorder p="md">
          <AmendReading assessment={assessment} onClose={() => setAmending(false)} />
        </Paper>
      ) : (
        <Section
          title={words.report}
          action={
            mayAmend && (
              <Button size="sm" variant="default" onClick={() => setAmending(true)}>
                {words.amend}
              </Button>
            )
          }
        >
          <Text size="sm" c="dimmed" mb="xs" className="name">
            {codes[assessment.status]} {words.by(names.data?.get(assessment.author_id) ?? words.somebody)}
          </Text>
          {assessment.radiology && <ReadingView form={assessment.radiology} />}
        </Section>
      )}
      {named.length > 0 && (
        <Section title={words.images}>
          <Stack>
            {named.map((document) => (
              <DocumentView key={document.id} document={document} />
            ))}
          </Stack>
        </Section>
      )}
      <Versions assessment={assessment} />
    </Stack>
  )
}

/** Whoever reads it may say that they look after it. */
function CriticalResult({ assessment: { id, alert } }: { assessment: Assessment }) {
  const words = useRadiologyWords()
  const dates = useDates()
  const user = useUser()
  const known = useQueryClient()
  const names = useStaffNames([alert?.acknowledged_by])
  const { value, change, forget } = useDraft(`acknowledge ${id}`, { action_taken: '' })
  const acknowledge = useMutation({
    mutationFn: () =>
      call(assessmentApi.acknowledge, {
        params: { assessment_id: id },
        body: { action_taken: value.action_taken.trim() || null },
      }),
    onSuccess: forget,
    onSettled: () => known.invalidateQueries({ queryKey: ['assessments'] }),
  })
  if (!alert) return null
  const mayTake = may(user, 'radiology-assessments:write') || may(user, 'nursing-assessments:write')
  if (alert.acknowledged_at !== null) {
    const name = names.data?.get(alert.acknowledged_by ?? '') ?? words.somebody
    return (
      <Alert color="ward" role="status">
        <Text size="sm">{words.alert_done(name, dates.short(alert.acknowledged_at))}</Text>
        {alert.action_taken && (
          <Text size="sm" className="name">
            {alert.action_taken}
          </Text>
        )}
      </Alert>
    )
  }
  return (
    <Alert color="red" role="alert">
      <Stack gap="xs" align="flex-start">
        <Text size="sm" fw={600}>
          {words.alert_open(dates.short(alert.raised_at))}
        </Text>
        {acknowledge.error && <ProblemAlert error={acknowledge.error} />}
        {mayTake && (
          <Textarea
            label={words.action_taken}
            value={value.action_taken}
            onChange={(event) => change({ action_taken: event.currentTarget.value })}
            maxLength={1000}
            autosize
            minRows={1}
            w="100%"
          />
        )}
        {mayTake && (
          <Button color="red.9" onClick={() => acknowledge.mutate()} loading={acknowledge.isPending}>
            {words.acknowledge}
          </Button>
        )}
      </Stack>
    </Alert>
  )
}

function Versions({ assessment: { id, version_number } }: { assessment: Assessment }) {
  const words = useRadiologyWords()
  const { codes } = useChartWords()
  const dates = useDates()
  const versions = useQuery({
    queryKey: ['assessments', id, 'versions', version_number],
    queryFn: () => call(assessmentApi.versions, { params: { assessment_id: id } }).then(({ items }) => items),
  })
  const names = useStaffNames(versions.data?.map(({ signed_by }) => signed_by) ?? [])
  if (versions.isPending) return <Waiting />
  if (versions.error) return <ReadProblem error={versions.error} />
  return (
    <Section title={words.versions}>
      <Accordion variant="contained" chevronPosition="left">
        {versions.data.toReversed().map((version) => (
          <Accordion.Item key={version.version_number} value={String(version.version_number)}>
            <Accordion.Control>
              <Group gap="xs">
                <Text fw={600}>{words.version(version.version_number)}</Text>
                <Text size="sm">{codes[version.status]}</Text>
              </Group>
            </Accordion.Control>
            <Accordion.Panel>
              <Stack gap="xs">
                <Text size="sm" c="dimmed" className="name">
                  {words.signed(dates.short(version.signed_at))}{' '}
                  {words.by(names.data?.get(version.signed_by) ?? words.somebody)}
                </Text>
                {version.reason && <Text size="sm">{words.because(version.reason)}</Text>}
                {version.radiology && <ReadingView form={version.radiology} />}
              </Stack>
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
    </Section>
  )
}
