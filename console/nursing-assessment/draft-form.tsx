// A draft: kept at the server as it is typed, and signed when it is right.
import { Button, Group, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import { problemOf } from '../connection/problem-of.ts'
import { ProblemAlert } from '../frame/states.tsx'
import { assessmentApi, nursingApi } from '#contracts/assessments/assessment'
import type { Assessment } from '#contracts/assessments/assessment-record'
import { olderFromYears } from '#contracts/assessments/nursing'
import type { Prefill } from '#contracts/prefill/prefill'
import { useDates } from '../words/dates.ts'
import { useNurseWords } from '../words/nurse.ts'
import { useWords } from '../words/words.tsx'
import { useAutosave } from './autosave.ts'
import { Conflict } from './conflict.tsx'
import { confirmIdOf, idOf } from './field.tsx'
import { differing, type FieldName, judge, valuesOf } from './fields.ts'
import classes from './form.module.css'
import { KnownPanel } from './known-panel.tsx'
import { lastOf, prefilledOf } from './prefill.ts'
import { ScorePanel } from './score-panel.tsx'
import { Sections } from './sections.tsx'
import { firstOf, localText, nothingBegun, sentOf, useNursingForm } from './use-form.ts'

type DraftFormProps = {
  visit_id: string
  draft: Assessment | undefined
  prefill: Prefill['items']
  age_years: number | null
  onSigned: (signed: Assessment) => void
  onDiscarded: () => void
}

export function DraftForm({ visit_id, draft, prefill, age_years, onSigned, onDiscarded }: DraftFormProps) {
  const { form: words } = useNurseWords()
  const known = useQueryClient()
  const has = valuesOf(draft?.nursing ?? null)
  const has_taken_at = localText(draft?.nursing?.taken_at)
  const saved = sentOf(judge(has).form, has_taken_at)
  const kept = { assessment_id: draft?.id ?? null, version: draft?.version ?? null }
  const prefilled = prefilledOf(prefill)
  const begun = { ...nothingBegun, ...kept, values: has, taken_at: has_taken_at }
  const state = useNursingForm(`nursing ${visit_id}`, begun, prefilled, age_years)
  const { values } = state.state
  const [isAttempted, setAttempted] = useState(false)
  // What this window remembers may be older than what another one has saved, or signed, meanwhile.
  const [isOlder] = useState(
    () => state.state.version !== kept.version && state.state.version !== null && differing(values, has).length > 0,
  )
  const autosave = useAutosave({
    visit_id,
    form: state.sent,
    kept,
    saved,
    isConflict: isOlder,
    onKept: (to) => state.change(to),
  })
  const done = () => {
    state.forget()
    return Promise.all(
      ['assessments', 'board', 'alerts', 'vital-signs'].map((key) => known.invalidateQueries({ queryKey: [key] })),
    )
  }
  const sign = useMutation({
    async mutationFn() {
      const { assessment_id, version } = await autosave.flush()
      if (assessment_id === null || version === null) throw new Error('there is nothing to sign')
      return call(assessmentApi.finalize, { params: { assessment_id }, body: { as: 'final' } }, { version })
    },
    onSuccess: (signed) => {
      state.forget()
      onSigned(signed)
      void done()
    },
  })
  const discard = useMutation({
    async mutationFn() {
      const { assessment_id } = await autosave.flush()
      if (assessment_id !== null) await call(assessmentApi.discard, { params: { assessment_id }, body: {} })
    },
    async onSuccess() {
      // What begins next must not begin with what was discarded.
      await done()
      onDiscarded()
    },
  })
  const signError = sign.error && problemOf(sign.error)
  const isConflict = autosave.saving.status === 'conflict' || signError?.kind.code === 'stale_version'
  const there = useQuery({
    queryKey: ['assessments', visit_id, 'there'],
    queryFn: () => call(nursingApi.read, { params: { visit_id } }),
    enabled: isConflict,
    gcTime: 0,
    staleTime: 0,
  })
  const goOn = (keeps: 'here' | 'there', { id, version, status, nursing }: Assessment) => {
    sign.reset()
    const isDraft = status === 'draft'
    // What has been signed meanwhile stays as it is: what stands here becomes another assessment.
    const kept_now = isDraft ? { assessment_id: id, version } : { assessment_id: null, version: null }
    const taken = isDraft
      ? { values: valuesOf(nursing), taken_at: localText(nursing?.taken_at) }
      : { values: {}, taken_at: '' }
    state.change(keeps === 'here' ? kept_now : { ...taken, ...kept_now })
    autosave.goOn(kept_now, keeps === 'here' ? {} : sentOf(judge(taken.values).form, taken.taken_at))
  }
  const faulty = [...state.faults.keys()]
  const hasSigns = Object.keys(values).some(
    (name) =>
      name.startsWith('vital_signs.') && name !== 'vital_signs.has_hypercapnic_target' && values[name as FieldName],
  )
  const trySign = () => {
    setAttempted(true)
    const wrong = firstOf(faulty)
    const open = firstOf(state.unconfirmed)
    const id = wrong ? idOf(wrong) : open ? confirmIdOf(open) : hasSigns ? undefined : idOf('vital_signs.pulse_bpm')
    if (id === undefined) return sign.mutate()
    // A section that opens for it has to be there first.
    requestAnimationFrame(() => document.getElementById(id)?.focus())
  }
  return (
    <div className={classes.page}>
      <div className={classes.side}>
        <ScorePanel derived={state.derived} isTyped />
        <KnownPanel items={prefill} />
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
          {isConflict && there.data && (
            <Conflict
              text={words.conflict}
              there_label={words.there}
              here={values}
              there={valuesOf(there.data.nursing)}
              onKeepHere={() => goOn('here', there.data)}
              onTakeThere={() => goOn('there', there.data)}
            />
          )}
          <Sections
            state={state}
            prefilled={prefilled}
            last={lastOf(prefill)}
            isAttempted={isAttempted}
            hasOlderPerson={age_years === null || age_years >= olderFromYears}
          />
          <SavingLine autosave={autosave} hasFaults={faulty.length > 0} />
          {isAttempted && faulty.length > 0 && <Text role="alert">{words.fix}</Text>}
          {isAttempted && faulty.length === 0 && state.unconfirmed.length > 0 && (
            <Text role="alert">{words.unconfirmed(state.unconfirmed.length)}</Text>
          )}
          {isAttempted && faulty.length === 0 && state.unconfirmed.length === 0 && !hasSigns && (
            <Text role="alert">{words.needs_sign}</Text>
          )}
          {signError && !isConflict && <ProblemAlert error={sign.error} />}
          {discard.error && <ProblemAlert error={discard.error} />}
          <Group justify="space-between">
            <Button type="submit" size="md" loading={sign.isPending}>
              {words.sign}
            </Button>
            {state.state.assessment_id !== null && (
              <Discard isPending={discard.isPending} onDiscard={() => discard.mutate()} />
            )}
          </Group>
        </Stack>
      </form>
    </div>
  )
}

function Discard({ isPending, onDiscard }: { isPending: boolean; onDiscard: () => void }) {
  const { form: words } = useNurseWords()
  const { frame } = useWords()
  const [isSure, setSure] = useState(false)
  if (!isSure) {
    return (
      <Button variant="subtle" color="red" onClick={() => setSure(true)}>
        {words.discard}
      </Button>
    )
  }
  return (
    <Group>
      <Text size="sm">{words.discard_sure}</Text>
      <Button color="red.9" loading={isPending} onClick={onDiscard} autoFocus>
        {words.discard}
      </Button>
      <Button variant="default" onClick={() => setSure(false)}>
        {frame.cancel}
      </Button>
    </Group>
  )
}

function SavingLine({ autosave, hasFaults }: { autosave: ReturnType<typeof useAutosave>; hasFaults: boolean }) {
  const { form: words } = useNurseWords()
  const dates = useDates()
  const { status, at, error } = autosave.saving
  const text = {
    clean: autosave.isKept ? '' : words.saving,
    saving: words.saving,
    saved: at ? words.saved(dates.time(at)) : '',
    failed: words.not_saved,
    conflict: words.not_saved,
  }[status]
  return (
    <div>
      <Text size="sm" c="dimmed" role="status">
        {text} {hasFaults && status === 'saved' && words.without_marked}
      </Text>
      {status === 'failed' && error !== undefined && <ProblemAlert error={error} />}
    </div>
  )
}
