// The course of somebody's vital signs.
import { Button, Group, SegmentedControl, Stack, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import type { Concerns } from '../connection/concerns.ts'
import { useLive } from '../connection/use-live.ts'
import { may, useUser } from '../connection/use-session.ts'
import { PersonLine, PersonName } from '../find-patient/person.tsx'
import { LinkButton } from '../frame/link-button.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { ProblemPage, ReadProblem, Waiting, WaitingPage } from '../frame/states.tsx'
import { usePatient } from '../patient/use-patient.ts'
import { assessmentApi } from '#contracts/assessments/assessment'
import { ageInYears } from '#contracts/assessments/scores'
import { dateIn } from '../words/clock.ts'
import { useNurseWords } from '../words/nurse.ts'
import { Chart } from './chart.tsx'
import { measures, type Period, seriesOf, since } from './measures.ts'

const route = getRouteApi(`/closed${addresses.vital_signs}`)
const courseConcerns: Concerns = { 'assessment.*': [['vital-signs']] }
const pageSize = '100'

export function VitalSignsPage() {
  useLive(courseConcerns)
  const { patient_id } = route.useParams()
  const { course: words, form, visit } = useNurseWords()
  const user = useUser()
  const [period, setPeriod] = useState<Period>('all')
  const [now] = useState(() => Date.now())
  const from = since(period, now)
  const patient = usePatient(patient_id)
  const signs = useInfiniteQuery({
    queryKey: ['vital-signs', patient_id, period],
    queryFn: ({ pageParam }: { pageParam: string | undefined }) =>
      call(assessmentApi.vitalSigns, {
        params: { patient_id },
        query: { limit: pageSize, ...(from && { from }), ...(pageParam && { cursor: pageParam }) },
      }),
    initialPageParam: undefined,
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
  })
  if (patient.error) return <ProblemPage error={patient.error} />
  if (patient.isPending) return <WaitingPage />
  const items = signs.data?.pages.flatMap((page) => page.items) ?? []
  const total = signs.data?.pages[0]?.total ?? 0
  const age_years = ageInYears(patient.data.date_of_birth, dateIn(new Date()))
  const drawn = measures
    .map((measure) => ({ measure, series: seriesOf(measure, items, age_years) }))
    .filter(({ series }) => series.some(({ points }) => points.length > 0))
  return (
    <Stack>
      <Group justify="space-between" align="flex-start">
        <div>
          <PageTitle title={words.title}>
            <PersonName person={patient.data} />
          </PageTitle>
          <PersonLine person={patient.data} />
          <Text>{words.title}</Text>
        </div>
        {may(user, 'patients:read') && (
          <LinkButton to={addresses.patient} params={{ patient_id }} variant="default">
            {visit.record}
          </LinkButton>
        )}
      </Group>
      <Group>
        <SegmentedControl
          aria-label={words.period}
          value={period}
          onChange={(value) => setPeriod(value as Period)}
          data={(['day', 'week', 'month', 'all'] as const).map((value) => ({ value, label: words.periods[value] }))}
        />
        {signs.isSuccess && total > 0 && (
          <Text size="sm" role="status">
            {words.count(items.length, total)}
          </Text>
        )}
      </Group>
      {signs.error && <ReadProblem error={signs.error} />}
      {signs.isPending && <Waiting />}
      {signs.isSuccess && drawn.length === 0 && (
        <Text c="dimmed">{period === 'all' ? words.none : words.none_in_period}</Text>
      )}
      {age_years === null && drawn.length > 0 && <Text size="sm">{form.age_unknown}</Text>}
      {drawn.length > 0 && (
        <Text size="sm" c="dimmed">
          {words.legend}
        </Text>
      )}
      {drawn.map(({ measure, series }) => (
        <Chart key={measure.name} measure={measure} series={series.filter(({ points }) => points.length > 0)} />
      ))}
      {signs.hasNextPage && (
        <Group>
          <Button variant="default" loading={signs.isFetchingNextPage} onClick={() => void signs.fetchNextPage()}>
            {words.more}
          </Button>
        </Group>
      )}
    </Stack>
  )
}
