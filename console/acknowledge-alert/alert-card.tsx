// An alert: what it warns of, whom it was told to, and saying that one looks after it, with what was done.
import { Alert, Button, Group, Stack, Text, Textarea } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { problemOf } from '../connection/problem-of.ts'
import { ProblemAlert } from '../frame/states.tsx'
import { assessmentApi } from '#contracts/assessments/assessment'
import type { Alert as RaisedAlert } from '#contracts/assessments/assessment-record'
import { useDates } from '../words/dates.ts'
import { useNurseWords } from '../words/nurse.ts'
import { useStaffNames } from './staff.ts'

type Shown = Pick<RaisedAlert, 'reason' | 'raised_at' | 'addressed_to' | 'level'> &
  Partial<Pick<RaisedAlert, 'acknowledged_at' | 'acknowledged_by' | 'action_taken'>>

export function AlertCard({ assessment_id, alert }: { assessment_id: string; alert: Shown }) {
  const { alert: words } = useNurseWords()
  const dates = useDates()
  const nameOf = useStaffNames([alert.addressed_to, alert.acknowledged_by])
  const { reason, raised_at, addressed_to, level, acknowledged_at, acknowledged_by, action_taken } = alert
  const isOpen = !acknowledged_at
  return (
    <Alert
      color={isOpen ? 'red' : 'gray'}
      variant="light"
      role="group"
      title={`${words.title}: ${words.reasons[reason]}`}
    >
      <Stack gap={4}>
        <Text size="sm">{words.raised(dates.short(raised_at))}</Text>
        {isOpen && (
          <Text size="sm" className="name">
            {addressed_to ? words.to(nameOf(addressed_to)) : words.to_all}
            {level > 1 && ` · ${words.level(level)}`}
          </Text>
        )}
        {isOpen ? (
          <Acknowledge assessment_id={assessment_id} />
        ) : (
          <Text size="sm" className="name">
            {words.acknowledged(nameOf(acknowledged_by ?? ''), dates.short(acknowledged_at))}
          </Text>
        )}
        {action_taken && (
          <Text size="sm" className="name">
            {words.did(action_taken)}
          </Text>
        )}
      </Stack>
    </Alert>
  )
}

function Acknowledge({ assessment_id }: { assessment_id: string }) {
  const { alert: words } = useNurseWords()
  const known = useQueryClient()
  const draft = useDraft(`alert ${assessment_id}`, { action: '' })
  const acknowledge = useMutation({
    mutationFn: () => {
      const action_taken = draft.value.action.trim()
      return call(assessmentApi.acknowledge, {
        params: { assessment_id },
        ...(action_taken !== '' && { body: { action_taken } }),
      })
    },
    onSuccess: draft.forget,
    onSettled: () =>
      Promise.all(['alerts', 'assessments', 'board'].map((key) => known.invalidateQueries({ queryKey: [key] }))),
  })
  const isGone = acknowledge.error && problemOf(acknowledge.error).kind.code === 'no_open_alert'
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        acknowledge.mutate()
      }}
    >
      <Stack gap="xs">
        <Text size="sm" fw={600}>
          {words.open}
        </Text>
        <Textarea
          label={words.what}
          description={words.what_help}
          value={draft.value.action}
          onChange={(event) => draft.change({ action: event.currentTarget.value })}
          maxLength={1000}
          autosize
          minRows={2}
        />
        {isGone ? (
          <Text role="alert">{words.gone}</Text>
        ) : (
          acknowledge.error && <ProblemAlert error={acknowledge.error} isTitled={false} />
        )}
        <Group>
          <Button type="submit" loading={acknowledge.isPending}>
            {words.acknowledge}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
