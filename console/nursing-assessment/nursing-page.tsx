// The nursing assessments of a visit: one's own draft, or what was signed.
import { Alert, Button, Group, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { useLive } from '../connection/use-live.ts'
import { useUser } from '../connection/use-session.ts'
import { PersonLine, PersonName } from '../find-patient/person.tsx'
import { LinkButton } from '../frame/link-button.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { ProblemPage, WaitingPage } from '../frame/states.tsx'
import { usePatient } from '../patient/use-patient.ts'
import { assessmentApi } from '#contracts/assessments/assessment'
import type { Assessment } from '#contracts/assessments/assessment-record'
import { alarms } from '#contracts/assessments/news2'
import { ageInYears } from '#contracts/assessments/scores'
import type { Patient } from '#contracts/patients/patient'
import type { Visit } from '#contracts/visits/visit'
import { boardConcerns } from '../ward-board/board.ts'
import { useVisit } from '../ward-board/visit-panel.tsx'
import { dateIn } from '../words/clock.ts'
import { useDates } from '../words/dates.ts'
import { useNurseWords } from '../words/nurse.ts'
import { AmendForm } from './amend-form.tsx'
import { DraftForm } from './draft-form.tsx'
import classes from './form.module.css'
import { usePrefill } from './prefill.ts'
import { SignedView } from './signed-view.tsx'

const route = getRouteApi(`/closed${addresses.nursing_assessment}`)

export function NursingPage() {
  useLive(boardConcerns)
  const { visit_id } = route.useParams()
  const visit = useVisit(visit_id)
  if (visit.data) return <OfVisit key={visit_id} visit={visit.data} />
  if (visit.error) return <ProblemPage error={visit.error} />
  return <WaitingPage />
}

function OfVisit({ visit }: { visit: Visit }) {
  const patient = usePatient(visit.patient_id)
  const list = useQuery({
    queryKey: ['assessments', visit.id],
    queryFn: () =>
      call(assessmentApi.listOfVisit, { params: { visit_id: visit.id } }).then(({ items }) =>
        items.filter(({ kind, status }) => kind === 'nursing' && status !== 'discarded'),
      ),
  })
  const prefill = usePrefill(visit.id)
  // What is there is shown on while it is read again, whatever becomes of that.
  if (patient.data && list.data && prefill.data)
    return <Assessments visit={visit} patient={patient.data} items={list.data} prefill={prefill.data} />
  const error = patient.error ?? list.error ?? prefill.error
  if (!error) return <WaitingPage />
  return <ProblemPage error={error} />
}

type AssessmentsProps = {
  visit: Visit
  patient: Patient
  items: readonly Assessment[]
  prefill: NonNullable<ReturnType<typeof usePrefill>['data']>
}

function Assessments({ visit, patient, items, prefill }: AssessmentsProps) {
  const { board, form, signed: words, visit: visitWords } = useNurseWords()
  const user = useUser()
  const navigate = useNavigate()
  const { assessment: asked } = route.useSearch()
  const [doing, setDoing] = useState<'amend' | 'another'>()
  const [told, setTold] = useState<string>()
  const [discarded, setDiscarded] = useState(0)
  const drafts = items.filter(({ status, author_id }) => status === 'draft' && author_id === user.id)
  const all = items.filter(({ status }) => status === 'final' || status === 'amended')
  const [draft] = drafts
  const chosen = all.find(({ id }) => id === asked)
  const isEnded = visit.closed_at !== null
  const isWriting = chosen === undefined && (draft !== undefined || doing === 'another' || all.length === 0)
  const shown = isWriting ? undefined : (chosen ?? all[0])
  const age_years = ageInYears(patient.date_of_birth, dateIn(new Date()))
  const show = (assessment_id: string | undefined) => {
    setDoing(undefined)
    void navigate({
      to: addresses.nursing_assessment,
      params: { visit_id: visit.id },
      search: { assessment: assessment_id },
      replace: true,
    })
  }
  const onSigned = (text: (assessment: Assessment) => string) => (assessment: Assessment) => {
    setTold(text(assessment))
    show(assessment.id)
    // The heading says where one is; what was typed is gone from the page.
    document.getElementById('content')?.focus()
  }
  const told_of = ({ derived, alert }: Assessment) =>
    alert && derived?.news2 && alarms(derived.news2) ? form.signed_alarm : form.signed
  return (
    <Stack>
      <Group justify="space-between" align="flex-start">
        <div>
          <PageTitle title={form.title}>
            <PersonName person={patient} />
          </PageTitle>
          <PersonLine person={patient} />
          <Text size="sm" className="name">
            {form.title} · {visitWords.statuses[visit.status]} · {board.priority(visit.priority)}
            {visit.chief_complaint && ` · ${visit.chief_complaint}`}
          </Text>
        </div>
        <Group gap="xs">
          <LinkButton to={addresses.vital_signs} params={{ patient_id: patient.id }} variant="default">
            {visitWords.vital_signs}
          </LinkButton>
          <LinkButton to={addresses.board} search={{ department: visit.department_id }} variant="default">
            {board.title}
          </LinkButton>
        </Group>
      </Group>
      <div role="status">{told && <Alert color="ward">{told}</Alert>}</div>
      {all.length > 0 && <OfThisVisit all={all} shown={shown} hasDraft={draft !== undefined} visit_id={visit.id} />}
      {isWriting && isEnded && draft === undefined ? (
        <Text c="dimmed">{all.length === 0 ? words.nothing : words.visit_ended}</Text>
      ) : isWriting ? (
        <DraftForm
          key={discarded}
          visit_id={visit.id}
          draft={draft}
          prefill={prefill}
          age_years={age_years}
          onSigned={onSigned(told_of)}
          onDiscarded={() => {
            setDiscarded(discarded + 1)
            show(undefined)
          }}
        />
      ) : shown && doing === 'amend' ? (
        <AmendForm
          key={shown.id}
          assessment={shown}
          age_years={age_years}
          onSigned={onSigned(() => words.amended)}
          onLeave={() => setDoing(undefined)}
        />
      ) : (
        shown && (
          <>
            <SignedView key={shown.id} assessment={shown} onAmend={() => setDoing('amend')} />
            {!isEnded && draft === undefined && (
              <Group>
                <Button
                  onClick={() => {
                    show(undefined)
                    setTold(undefined)
                    setDoing('another')
                  }}
                >
                  {words.another}
                </Button>
              </Group>
            )}
          </>
        )
      )}
    </Stack>
  )
}

type OfThisVisitProps = {
  all: readonly Assessment[]
  shown: Assessment | undefined
  hasDraft: boolean
  visit_id: string
}

/** Several over time, newest first; with a draft of one's own that goes on. */
function OfThisVisit({ all, shown, hasDraft, visit_id }: OfThisVisitProps) {
  const { form, signed: words } = useNurseWords()
  const dates = useDates()
  if (all.length === 1 && !hasDraft) return null
  return (
    <nav aria-label={words.of_visit}>
      <Title order={2} size="h5" mb="xs">
        {words.of_visit}
      </Title>
      <Group gap="xs">
        {hasDraft && (
          <Link
            to={addresses.nursing_assessment}
            params={{ visit_id }}
            className={classes.tab}
            aria-current={shown === undefined ? 'page' : undefined}
          >
            {words.go_on}
          </Link>
        )}
        {all.map(({ id, taken_at, status, derived }) => (
          <Link
            key={id}
            to={addresses.nursing_assessment}
            params={{ visit_id }}
            search={{ assessment: id }}
            className={classes.tab}
            aria-current={shown?.id === id ? 'page' : undefined}
          >
            {dates.short(taken_at)} · {words.statuses[status]}
            {derived?.news2 && ` · NEWS2 ${derived.news2.score ?? form.score_least(derived.news2.least_score)}`}
          </Link>
        ))}
      </Group>
    </nav>
  )
}
