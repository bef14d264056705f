// What somebody has to look after now: critical results and early warnings, until one says that they do.
import { Alert, Badge, Box, Button, Group, Paper, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { problemOf } from '../connection/problem-of.ts'
import { may, useUser } from '../connection/use-session.ts'
import { assessmentApi } from '#contracts/assessments/assessment'
import type { OpenAlert } from '#contracts/assessments/worklist'
import { usePeople } from '../day-calendar/day.ts'
import { nameOf } from '../find-patient/matching.ts'
import { LinkButton } from '../frame/link-button.tsx'
import { ProblemAlert, ReadProblem, Waiting } from '../frame/states.tsx'
import { useAlerts } from '../read-chart/known.ts'
import { Section } from '../read-chart/section.tsx'
import { useVisitWords } from '../see-patient/words.ts'
import { useDates } from '../words/dates.ts'
import classes from './today.module.css'

export function Alerts() {
  const words = useVisitWords()
  const user = useUser()
  const known = useQueryClient()
  const alerts = useAlerts()
  const [taken, setTaken] = useState<string>()
  const people = usePeople(alerts.data?.map(({ patient_id }) => patient_id) ?? [], may(user, 'patients:find'))
  const acknowledge = useMutation({
    mutationFn: ({ assessment_id }: OpenAlert) => call(assessmentApi.acknowledge, { params: { assessment_id } }),
    onSettled: () => known.invalidateQueries({ queryKey: ['assessments'] }),
  })
  const isLate = acknowledge.error && problemOf(acknowledge.error).kind.code === 'no_open_alert'
  // One's own first.
  const place = ({ addressed_to }: OpenAlert) => (addressed_to === user.id ? 0 : addressed_to === null ? 1 : 2)
  const sorted = alerts.data?.toSorted((one, other) => place(one) - place(other)) ?? []
  return (
    <Section title={words.critical}>
      <div role="status">
        {taken && !acknowledge.error && (
          <Alert color="ward" mb="xs">
            <Text size="sm">{words.acknowledged(taken)}</Text>
          </Alert>
        )}
      </div>
      {isLate ? (
        <Alert color="yellow" role="alert" mb="xs">
          <Text size="sm">{words.already_acknowledged}</Text>
        </Alert>
      ) : (
        acknowledge.error && <ProblemAlert error={acknowledge.error} />
      )}
      {alerts.isPending && <Waiting />}
      {alerts.error && <ReadProblem error={alerts.error} />}
      {alerts.data?.length === 0 && <Text c="dimmed">{words.critical_none}</Text>}
      {sorted.length > 0 && (
        <Paper withBorder component="ul" className={classes.list}>
          {sorted.map((alert) => {
            const person = people.data?.get(alert.patient_id)
            return (
              <OneAlert
                key={alert.assessment_id}
                alert={alert}
                name={(person && nameOf(person)) || words.unknown_person}
                isMine={alert.addressed_to === user.id}
                isBusy={acknowledge.isPending && acknowledge.variables.assessment_id === alert.assessment_id}
                onTake={(name) => {
                  setTaken(undefined)
                  acknowledge.mutate(alert, { onSuccess: () => setTaken(name) })
                }}
              />
            )
          })}
        </Paper>
      )}
    </Section>
  )
}

type OneAlertProps = {
  alert: OpenAlert
  name: string
  isMine: boolean
  isBusy: boolean
  onTake: (name: string) => void
}

function OneAlert({ alert, name, isMine, isBusy, onTake }: OneAlertProps) {
  const words = useVisitWords()
  const dates = useDates()
  const { assessment_id, visit_id, kind, reason, raised_at, addressed_to } = alert
  const label = words.look_of(name)
  return (
    <li className={classes.row} data-reason={reason}>
      <Box>
        <Text fw={600} className="name">
          {name}
        </Text>
        <Group gap={6} mb={6}>
          <Badge color="red.9" variant="filled" tt="none" size="sm">
            {words[reason]}
          </Badge>
          <Text size="sm">
            {isMine ? words.for_me : addressed_to === null ? words.for_all : words.for_other} ·{' '}
            {words.since(dates.time(raised_at))}
          </Text>
        </Group>
        <Group gap="xs">
          {kind === 'radiology' ? (
            <LinkButton to={addresses.radiology} params={{ assessment_id }} size="xs" aria-label={label}>
              {words.look}
            </LinkButton>
          ) : (
            <LinkButton to={addresses.visit} params={{ visit_id }} size="xs" aria-label={label}>
              {words.look}
            </LinkButton>
          )}
          <Button
            size="xs"
            variant="default"
            loading={isBusy}
            onClick={() => onTake(name)}
            aria-label={words.acknowledge_of(name)}
          >
            {words.acknowledge}
          </Button>
        </Group>
      </Box>
    </li>
  )
}
