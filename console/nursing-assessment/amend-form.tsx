// Another version of what was signed, with the reason. Nothing of it is at the server before it is signed.
import { Button, Group, Stack, Text, Textarea, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import { problemOf } from '../connection/problem-of.ts'
import { ProblemAlert } from '../frame/states.tsx'
import { assessmentApi } from '#contracts/assessments/assessment'
import type { Assessment } from '#contracts/assessments/assessment-record'
import { olderFromYears } from '#contracts/assessments/nursing'
import { useNurseWords } from '../words/nurse.ts'
import { Conflict } from './conflict.tsx'
import { idOf } from './field.tsx'
import { valuesOf } from './fields.ts'
import classes from './form.module.css'
import type { Prefilled } from './prefill.ts'
import { ScorePanel } from './score-panel.tsx'
import { Sections } from './sections.tsx'
import { firstOf, localText, nothingBegun, useNursingForm } from './use-form.ts'

type AmendFormProps = {
  assessment: Assessment
  age_years: number | null
  onSigned: (signed: Assessment) => void
  onLeave: () => void
}

export function AmendForm({ assessment, age_years, onSigned, onLeave }: AmendFormProps) {
  const { form: words, signed } = useNurseWords()
  const known = useQueryClient()
  const { id, version, nursing, taken_at } = assessment
  const begun = {
    ...nothingBegun,
    assessment_id: id,
    version,
    values: valuesOf(nursing),
    taken_at: localText(nursing?.taken_at ?? taken_at),
  }
  const state = useNursingForm(`amend ${id}`, begun, nothingPrefilled, age_years)
  const [isAttempted, setAttempted] = useState(false)
  const reason = state.state.reason.trim()
  const amend = useMutation({
    mutationFn: (over: number | null) =>
      call(
        assessmentApi.amend,
        { params: { assessment_id: id }, body: { reason, nursing: state.sent } },
        over === null ? {} : { version: over },
      ),
    onSuccess: (done) => {
      state.forget()
      onSigned(done)
      for (const key of ['assessments', 'board', 'alerts', 'vital-signs'])
        void known.invalidateQueries({ queryKey: [key] })
    },
  })
  const isStale = amend.error !== null && problemOf(amend.error).kind.code === 'stale_version'
  const there = useQuery({
    queryKey: ['assessments', 'there', id],
    queryFn: () => call(assessmentApi.get, { params: { assessment_id: id } }),
    enabled: isStale,
    gcTime: 0,
    staleTime: 0,
  })
  const faulty = [...state.faults.keys()]
  const trySign = () => {
    setAttempted(true)
    const wrong = firstOf(faulty)
    const at = wrong ? idOf(wrong) : reason === '' ? 'amend-reason' : undefined
    if (at === undefined) return amend.mutate(state.state.version)
    requestAnimationFrame(() => document.getElementById(at)?.focus())
  }
  return (
    <div className={classes.page}>
      <div className={classes.side}>
        <ScorePanel derived={state.derived} isTyped />
      </div>
      <form
        className={classes.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          trySign()
        }}
      >
        <Stack>
          <div>
            <Title order={2} size="h3">
              {signed.amend_title}
            </Title>
            <Text>{signed.amend_text}</Text>
          </div>
          {isStale && there.data && (
            <Conflict
              text={words.conflict_signed}
              there_label={words.signed_by_other}
              here={state.state.values}
              there={valuesOf(there.data.nursing)}
              isBusy={amend.isPending}
              onKeepHere={() => {
                state.change({ version: there.data.version })
                amend.mutate(there.data.version)
              }}
              onTakeThere={() => {
                state.change({ version: there.data.version, values: valuesOf(there.data.nursing) })
                amend.reset()
              }}
            />
          )}
          <Textarea
            id="amend-reason"
            label={signed.reason}
            value={state.state.reason}
            onChange={(event) => state.change({ reason: event.currentTarget.value })}
            error={isAttempted && reason === '' && signed.give_reason}
            maxLength={1000}
            autosize
            minRows={2}
            required
          />
          <Sections
            state={state}
            prefilled={nothingPrefilled}
            last={undefined}
            isAttempted={isAttempted}
            hasOlderPerson={age_years === null || age_years >= olderFromYears}
          />
          {isAttempted && faulty.length > 0 && <Text role="alert">{words.fix}</Text>}
          {amend.error && !isStale && <ProblemAlert error={amend.error} />}
          <Group>
            <Button type="submit" size="md" loading={amend.isPending}>
              {signed.sign_amendment}
            </Button>
            <Button
              variant="default"
              size="md"
              onClick={() => {
                state.forget()
                onLeave()
              }}
            >
              {signed.leave}
            </Button>
          </Group>
        </Stack>
      </form>
    </div>
  )
}

const nothingPrefilled: Prefilled = new Map()
