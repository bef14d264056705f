// Everybody of one state, and what can be done for each with one key.
import { Button, Group, Paper, Text, Title, UnstyledButton } from '@mantine/core'
import { useId } from 'react'
import { addresses } from '../addresses.ts'
import { may, useUser } from '../connection/use-session.ts'
import { LinkButton } from '../frame/link-button.tsx'
import type { OpenAlert } from '#contracts/assessments/worklist'
import type { Doctor } from '#contracts/doctors/doctor'
import type { Waiting } from '#contracts/visits/visit'
import { useNurseWords } from '../words/nurse.ts'
import { type Column, nameOfWaiting } from './board.ts'
import { AlertMark, PriorityMark, ScoreMark } from './marks.tsx'
import type { StartTriage } from './start-triage.ts'
import classes from './board.module.css'

type BoardColumnProps = {
  column: Column
  items: readonly Waiting[]
  alerts: readonly OpenAlert[]
  doctors: readonly Doctor[]
  minutesSince: (instant: string) => number
  onOpen: (visit_id: string) => void
  triage: StartTriage
}

export function BoardColumn({ column, items, alerts, doctors, minutesSince, onOpen, triage }: BoardColumnProps) {
  const { board } = useNurseWords()
  const heading = useId()
  return (
    <section aria-labelledby={heading} className={classes.column}>
      <Group justify="space-between" align="baseline" mb="xs">
        <Title order={2} size="h4" id={heading}>
          {board.columns[column]}
        </Title>
        <Text fw={700}>{items.length}</Text>
      </Group>
      {items.length === 0 ? (
        <Text c="dimmed">{board.none[column]}</Text>
      ) : (
        <ul className={classes.list}>
          {items.map((waiting) => (
            <OnBoard
              key={waiting.id}
              waiting={waiting}
              isAlarming={alerts.some(({ visit_id }) => visit_id === waiting.id)}
              doctor={doctors.find(({ id }) => id === waiting.doctor_id)}
              minutes={minutesSince(waiting.opened_at)}
              onOpen={onOpen}
              triage={triage}
            />
          ))}
        </ul>
      )}
    </section>
  )
}

type OnBoardProps = {
  waiting: Waiting
  isAlarming: boolean
  doctor: Doctor | undefined
  minutes: number
  onOpen: (visit_id: string) => void
  triage: StartTriage
}

function OnBoard({ waiting, isAlarming, doctor, minutes, onOpen, triage }: OnBoardProps) {
  const { board } = useNurseWords()
  const user = useUser()
  const name = nameOfWaiting(waiting, board.unnamed)
  const { id, status, priority, news2_score } = waiting
  return (
    <Paper component="li" withBorder className={classes.person} data-alarming={isAlarming || undefined}>
      <UnstyledButton onClick={() => onOpen(id)} className={classes.name} aria-label={board.open(name)}>
        {name}
      </UnstyledButton>
      <Text size="sm" c="dimmed" className="name">
        {waiting.patient_number}
        {doctor && ` · ${doctor.first_name} ${doctor.last_name}`}
      </Text>
      <Group gap="xs" mt={6}>
        {isAlarming && <AlertMark />}
        <Text fw={700}>{board.minutes(minutes)}</Text>
        <PriorityMark priority={priority} />
        <ScoreMark score={news2_score} status={status} />
      </Group>
      <Group mt="xs" gap="xs">
        {status === 'registered' && may(user, 'visits:update') && (
          <Button
            size="sm"
            onClick={() => triage.mutate(waiting)}
            loading={triage.isPending && triage.variables.id === id}
            aria-label={board.start_triage_of(name)}
          >
            {board.start_triage}
          </Button>
        )}
        {status !== 'registered' && (
          <LinkButton
            to={addresses.nursing_assessment}
            params={{ visit_id: id }}
            size="sm"
            variant={status === 'triaged' ? 'light' : 'default'}
            aria-label={board.assess_of(name)}
          >
            {board.assess}
          </LinkButton>
        )}
      </Group>
    </Paper>
  )
}
