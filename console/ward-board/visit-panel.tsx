// One person of the board opened: why they came, what warns of them, and what can become of the visit.
import { Button, Drawer, Group, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { AlertCard } from '../acknowledge-alert/alert-card.tsx'
import { call } from '../connection/call.ts'
import { may, useUser } from '../connection/use-session.ts'
import { LinkButton } from '../frame/link-button.tsx'
import { ProblemAlert, ReadProblem, Waiting as Loading } from '../frame/states.tsx'
import type { OpenAlert } from '#contracts/assessments/worklist'
import type { Doctor } from '#contracts/doctors/doctor'
import { type Visit, visitApi, type Waiting } from '#contracts/visits/visit'
import { useDates } from '../words/dates.ts'
import { useWords } from '../words/words.tsx'
import { useNurseWords } from '../words/nurse.ts'
import { nameOfWaiting } from './board.ts'
import { ChangeVisit } from './change-visit.tsx'
import { PriorityMark, ScoreMark } from './marks.tsx'
import type { StartTriage } from './start-triage.ts'

type VisitPanelProps = {
  waiting: Waiting | undefined
  alerts: readonly OpenAlert[]
  doctor: Doctor | undefined
  triage: StartTriage
  onClose: () => void
}

export function VisitPanel({ waiting, onClose, ...rest }: VisitPanelProps) {
  const { frame } = useWords()
  const { visit: words } = useNurseWords()
  return (
    <Drawer
      opened={waiting !== undefined}
      onClose={onClose}
      position="right"
      size="md"
      title={words.title}
      closeButtonProps={{ 'aria-label': frame.close }}
    >
      {waiting && <Opened key={waiting.id} waiting={waiting} onClose={onClose} {...rest} />}
    </Drawer>
  )
}

function Opened({ waiting, alerts, doctor, triage, onClose }: VisitPanelProps & { waiting: Waiting }) {
  const { board, visit: words } = useNurseWords()
  const user = useUser()
  const dates = useDates()
  const { id, status, priority, news2_score, patient_id } = waiting
  const visit = useVisit(id)
  const mayChange = may(user, 'visits:update')
  const isWaiting = status === 'registered' || status === 'triaged'
  return (
    <Stack>
      <div>
        <Title order={2} size="h3" className="name">
          {nameOfWaiting(waiting, board.unnamed)}
        </Title>
        <Text c="dimmed" size="sm">
          {waiting.patient_number} · {waiting.visit_number}
        </Text>
      </div>
      <Group gap="xs">
        <Text fw={600} role="status">
          {words.statuses[status]}
        </Text>
        <PriorityMark priority={priority} />
        <ScoreMark score={news2_score} status={status} />
      </Group>
      {alerts.map((alert) => (
        <AlertCard key={alert.assessment_id} assessment_id={alert.assessment_id} alert={alert} />
      ))}
      <Stack component="dl" gap="xs" m={0}>
        <Fact label={words.since}>{dates.short(waiting.opened_at)}</Fact>
        <Fact label={words.doctor}>
          {doctor ? `${doctor.first_name} ${doctor.last_name}, ${doctor.specialization}` : words.no_doctor}
        </Fact>
        {visit.data && <Fact label={words.complaint}>{visit.data.chief_complaint ?? words.no_complaint}</Fact>}
      </Stack>
      {visit.isPending && <Loading />}
      {visit.error && <ReadProblem error={visit.error} />}
      <Group>
        {status === 'registered' && mayChange ? (
          <Button onClick={() => triage.mutate(waiting)} loading={triage.isPending}>
            {words.start_triage}
          </Button>
        ) : (
          <LinkButton to={addresses.nursing_assessment} params={{ visit_id: id }}>
            {words.assessment}
          </LinkButton>
        )}
        <LinkButton to={addresses.vital_signs} params={{ patient_id }} variant="default">
          {words.vital_signs}
        </LinkButton>
        {may(user, 'patients:read') && (
          <LinkButton to={addresses.patient} params={{ patient_id }} variant="default">
            {words.record}
          </LinkButton>
        )}
      </Group>
      {triage.error && <ProblemAlert error={triage.error} />}
      {mayChange && visit.data && <ChangeVisit visit={visit.data} />}
      {mayChange && isWaiting && visit.data && <LeftUnseen visit={visit.data} onDone={onClose} />}
    </Stack>
  )
}

export function useVisit(visit_id: string) {
  return useQuery({
    queryKey: ['visit', visit_id],
    queryFn: () => call(visitApi.get, { params: { visit_id } }),
  })
}

function Fact({ label, children }: { label: string; children: string }) {
  return (
    <div>
      <Text component="dt" size="sm" c="dimmed">
        {label}
      </Text>
      <Text component="dd" m={0} className="name">
        {children}
      </Text>
    </div>
  )
}

function LeftUnseen({ visit, onDone }: { visit: Visit; onDone: () => void }) {
  const { visit: words } = useNurseWords()
  const { frame } = useWords()
  const known = useQueryClient()
  const [isSure, setSure] = useState(false)
  const leave = useMutation({
    mutationFn: () =>
      call(
        visitApi.setStatus,
        { params: { visit_id: visit.id }, body: { status: 'left_without_being_seen' } },
        { version: visit.version },
      ),
    onSuccess: onDone,
    onSettled: () =>
      Promise.all([['board'], ['visit', visit.id]].map((queryKey) => known.invalidateQueries({ queryKey }))),
  })
  if (!isSure) {
    return (
      <Group>
        <Button variant="light" color="red" onClick={() => setSure(true)}>
          {words.left}
        </Button>
      </Group>
    )
  }
  return (
    <Stack gap="xs">
      <Text>{words.left_sure}</Text>
      {leave.error && <ProblemAlert error={leave.error} />}
      <Group>
        <Button color="red.9" onClick={() => leave.mutate()} loading={leave.isPending} data-autofocus>
          {words.left_yes}
        </Button>
        <Button variant="default" onClick={() => setSure(false)}>
          {frame.cancel}
        </Button>
      </Group>
    </Stack>
  )
}
