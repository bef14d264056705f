// The board of a department: who waits, who is in triage, who is with the doctor, and what is dangerous.
import { Button, Group, SegmentedControl, Select, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { problemOf } from '../connection/problem-of.ts'
import { useLive } from '../connection/use-live.ts'
import { may, useUser } from '../connection/use-session.ts'
import { useDoctors } from '../day-calendar/day.ts'
import { PageTitle } from '../frame/page-title.tsx'
import { ProblemAlert, ReadProblem, Waiting } from '../frame/states.tsx'
import { visitApi } from '#contracts/visits/visit'
import { useNurseWords } from '../words/nurse.ts'
import { boardConcerns, columns, inOrder, useAlerts, useBoard, useDepartments, useMinutesSince } from './board.ts'
import { BoardColumn } from './board-column.tsx'
import { useStartTriage } from './start-triage.ts'
import { VisitPanel } from './visit-panel.tsx'
import classes from './board.module.css'

const route = getRouteApi(`/closed${addresses.board}`)

export function BoardPage() {
  useLive(boardConcerns)
  const { board: words } = useNurseWords()
  const user = useUser()
  const navigate = useNavigate()
  const known = useQueryClient()
  const { department } = route.useSearch()
  const [order, setOrder] = useState<'urgency' | 'wait'>('urgency')
  const [open_id, setOpen] = useState<string>()
  const departments = useDepartments()
  const chosen = department ?? user.department_id ?? undefined
  const board = useBoard(chosen)
  const alerts = useAlerts()
  const doctors = useDoctors()
  const minutesSince = useMinutesSince()
  const triage = useStartTriage()
  const next = useMutation({
    mutationFn: (department_id: string) => call(visitApi.next, { body: { department_id } }),
    onSuccess: ({ id }) => void navigate({ to: addresses.nursing_assessment, params: { visit_id: id } }),
    onSettled: () => known.invalidateQueries({ queryKey: ['board'] }),
  })
  const items = board.data ?? []
  const isNobodyNext = next.error && problemOf(next.error).kind.code === 'queue_empty'
  const urgent = (alerts.data ?? []).filter(({ visit_id }) => items.some(({ id }) => id === visit_id))
  const opened = items.find(({ id }) => id === open_id)
  return (
    <Stack>
      <Group justify="space-between" align="flex-end">
        <div>
          <PageTitle title={words.title} />
          <Text role="status">
            {board.isSuccess && words.here(items.length)}
            {urgent.length > 0 && ` · ${words.alerts(urgent.length)}`}
          </Text>
        </div>
        <Group gap="sm" align="flex-end">
          <Select
            label={words.department}
            data={(departments.data ?? []).map(({ id, name }) => ({ value: id, label: name }))}
            value={chosen ?? null}
            onChange={(value) =>
              value && void navigate({ to: addresses.board, search: { department: value }, replace: true })
            }
            allowDeselect={false}
            searchable
            w={240}
          />
          <SegmentedControl
            aria-label={words.order}
            value={order}
            onChange={(value) => setOrder(value as typeof order)}
            data={[
              { value: 'urgency', label: words.by_urgency },
              { value: 'wait', label: words.by_wait },
            ]}
            className={classes.order}
          />
          {chosen !== undefined && user.doctor_id === null && may(user, 'visits:update') && (
            <Button onClick={() => next.mutate(chosen)} loading={next.isPending}>
              {words.next}
            </Button>
          )}
        </Group>
      </Group>
      <div role="status">{isNobodyNext && <Text>{words.nobody_next}</Text>}</div>
      {next.error && !isNobodyNext && <ProblemAlert error={next.error} />}
      {triage.error && <ProblemAlert error={triage.error} />}
      {departments.error && <ReadProblem error={departments.error} />}
      {board.error && <ReadProblem error={board.error} />}
      {alerts.error && <ReadProblem error={alerts.error} />}
      {chosen === undefined ? (
        departments.isSuccess && (
          <Text c="dimmed">{departments.data.length === 0 ? words.no_departments : words.choose_department}</Text>
        )
      ) : board.isPending ? (
        !board.error && <Waiting />
      ) : (
        <div className={classes.board}>
          {columns
            .filter((column) => column !== 'admitted' || items.some(({ status }) => status === 'admitted'))
            .map((column) => (
              <BoardColumn
                key={column}
                column={column}
                items={inOrder(
                  items.filter(({ status }) => status === column),
                  order,
                )}
                alerts={urgent}
                doctors={doctors.data ?? []}
                minutesSince={minutesSince}
                onOpen={setOpen}
                triage={triage}
              />
            ))}
        </div>
      )}
      <VisitPanel
        waiting={opened}
        alerts={urgent.filter(({ visit_id }) => visit_id === open_id)}
        doctor={doctors.data?.find(({ id }) => id === opened?.doctor_id)}
        triage={triage}
        onClose={() => setOpen(undefined)}
      />
    </Stack>
  )
}
