// Who waits in the department, and taking the next one: no two doctors take the same.
import { Box, Button, Group, Paper, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { useUser } from '../connection/use-session.ts'
import { visitApi } from '#contracts/visits/visit'
import { ProblemAlert, ReadProblem, Waiting } from '../frame/states.tsx'
import { Section } from '../read-chart/section.tsx'
import { useVisitWords } from '../see-patient/words.ts'
import classes from './today.module.css'

export function Queue({ department_id }: { department_id: string }) {
  const words = useVisitWords()
  const { doctor_id } = useUser()
  const known = useQueryClient()
  const navigate = useNavigate()
  const queue = useQuery({
    queryKey: ['visits', 'queue', department_id],
    queryFn: () => call(visitApi.queue, { query: { department_id } }).then(({ items }) => items),
  })
  const next = useMutation({
    mutationFn: () => call(visitApi.next, { body: { department_id } }),
    onSuccess: ({ id }) => navigate({ to: addresses.visit, params: { visit_id: id } }),
    onSettled: () => known.invalidateQueries({ queryKey: ['visits'] }),
  })
  // One's own stand above.
  const others = queue.data?.filter((visit) => visit.doctor_id === null || visit.doctor_id !== doctor_id) ?? []
  const isSomebodyReady = queue.data?.some(({ status }) => status === 'triaged') ?? false
  return (
    <Section
      title={words.queue}
      action={
        isSomebodyReady &&
        doctor_id !== null && (
          <Button size="sm" variant="light" onClick={() => next.mutate()} loading={next.isPending}>
            {words.next}
          </Button>
        )
      }
    >
      {queue.isPending && <Waiting />}
      {queue.error && <ReadProblem error={queue.error} />}
      {next.error && <ProblemAlert error={next.error} />}
      {queue.data && others.length === 0 && <Text c="dimmed">{words.queue_none}</Text>}
      {others.length > 0 && (
        <Paper withBorder component="ul" className={classes.list}>
          {others.map((visit) => {
            const name = [visit.first_name, visit.last_name].filter(Boolean).join(' ') || visit.patient_number
            return (
              <li key={visit.id} className={classes.row} data-status={visit.status}>
                <Group gap="sm" wrap="nowrap">
                  <Box flex={1} miw={0}>
                    <Link to={addresses.chart} params={{ patient_id: visit.patient_id }} className={classes.person}>
                      {name}
                    </Link>
                    <Text size="sm" c="dimmed">
                      {visit.status === 'triaged' ? words.ready : words.waits_for_triage} ·{' '}
                      {words.minutes(visit.waiting_minutes)} · {words.priority(visit.priority)}
                      {visit.news2_score !== null && ` · NEWS2 ${visit.news2_score}`}
                    </Text>
                  </Box>
                </Group>
              </li>
            )
          })}
        </Paper>
      )}
    </Section>
  )
}
