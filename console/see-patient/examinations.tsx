// The radiology of a visit: what is ordered or read, and beginning another examination.
import { Badge, Button, Group, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { LinkAnchor } from '../frame/link-anchor.tsx'
import { call } from '../connection/call.ts'
import { problemOf } from '../connection/problem-of.ts'
import { may, useUser } from '../connection/use-session.ts'
import { assessmentApi, radiologyApi } from '#contracts/assessments/assessment'
import type { Visit } from '#contracts/visits/visit'
import { ProblemAlert, ReadProblem, Waiting } from '../frame/states.tsx'
import { isOpenVisit } from '../read-chart/known.ts'
import { Section } from '../read-chart/section.tsx'
import { useChartWords } from '../read-chart/words.ts'
import { useVisitWords } from './words.ts'

export function Examinations({ visit }: { visit: Visit }) {
  const words = useVisitWords()
  const { codes } = useChartWords()
  const user = useUser()
  const known = useQueryClient()
  const navigate = useNavigate()
  const params = { visit_id: visit.id }
  const found = useQuery({
    queryKey: ['assessments', 'visit', visit.id],
    queryFn: () => call(assessmentApi.listOfVisit, { params }).then(({ items }) => items),
  })
  const open = (assessment_id: string) => navigate({ to: addresses.radiology, params: { assessment_id } })
  const begin = useMutation({
    mutationFn: () => call(radiologyApi.create, { params, body: {} }),
    async onSuccess({ id }) {
      await known.invalidateQueries({ queryKey: ['assessments'] })
      await open(id)
    },
    async onError(error) {
      // Begun at another screen: that one is gone on with.
      const begun = problemOf(error).members['assessment_id']
      if (typeof begun === 'string') await open(begun)
    },
  })
  const readings = found.data?.filter(({ kind, status }) => kind === 'radiology' && status !== 'discarded')
  const draft = readings?.find(({ status, author_id }) => status === 'draft' && author_id === user.id)
  const mayBegin = may(user, 'radiology-assessments:write') && isOpenVisit(visit)
  return (
    <Section
      title={words.radiology}
      action={
        mayBegin && (
          <Button
            size="sm"
            variant="default"
            onClick={() => (draft ? void open(draft.id) : begin.mutate())}
            loading={begin.isPending}
            className="wrap"
          >
            {draft ? words.go_on_reading : words.order}
          </Button>
        )
      }
    >
      {begin.error && problemOf(begin.error).kind.code !== 'draft_open' && <ProblemAlert error={begin.error} />}
      {found.isPending && <Waiting />}
      {found.error && <ReadProblem error={found.error} />}
      {readings?.length === 0 && <Text c="dimmed">{words.no_radiology}</Text>}
      <Stack gap={4}>
        {readings?.map(({ id, status, radiology, alert }) => (
          <Group key={id} gap="xs">
            <LinkAnchor to={addresses.radiology} params={{ assessment_id: id }} className="name">
              {[radiology?.modality, radiology?.body_site].filter(Boolean).join(' ') || words.kinds.radiology}
            </LinkAnchor>
            <Text size="sm" c="dimmed">
              {codes[status]}
            </Text>
            {alert && alert.acknowledged_at === null && (
              <Badge color="red.9" variant="filled" tt="none" size="sm">
                {words[alert.reason]}
              </Badge>
            )}
          </Group>
        ))}
      </Stack>
    </Section>
  )
}
