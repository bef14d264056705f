// The draft of an examination: kept as it is typed, signed as preliminary or as final.
import { Button, Group, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { problemOf } from '../connection/problem-of.ts'
import { type Kept, useAutosave } from '../connection/use-autosave.ts'
import { may, useUser } from '../connection/use-session.ts'
import { assessmentApi } from '#contracts/assessments/assessment'
import type { Assessment } from '#contracts/assessments/assessment-record'
import { ProblemAlert } from '../frame/states.tsx'
import { ChooseVersion, KeptLine } from '../write-note/kept-line.tsx'
import { Images } from './images.tsx'
import { OrderFields, ReportFields } from './reading-fields.tsx'
import { ReadingView } from './reading-view.tsx'
import { Safety } from './safety.tsx'
import { formOf, type Typed, typedOf } from './typed.ts'
import { useRadiologyWords } from './words.ts'
import { useWrong } from './wrong.ts'

const keptOf = ({ radiology, version }: Assessment): Kept<Typed> => ({ content: typedOf(radiology), version })

export function RadiologyDraft({ assessment }: { assessment: Assessment }) {
  const words = useRadiologyWords()
  const user = useUser()
  const known = useQueryClient()
  const navigate = useNavigate()
  const params = { assessment_id: assessment.id }
  const learn = (now: Assessment) => {
    known.setQueryData(['assessments', now.id], now)
    return keptOf(now)
  }
  const kept = useAutosave<Typed>({
    name: `radiology ${assessment.id}`,
    kept: keptOf(assessment),
    save: async (typed, version) =>
      learn(await call(assessmentApi.save, { params, body: { radiology: formOf(typed) } }, { version })),
    read: async () => keptOf(await call(assessmentApi.get, { params })),
  })
  const settle = () =>
    Promise.all(['assessments', 'timeline'].map((key) => known.invalidateQueries({ queryKey: [key] })))
  const sign = useMutation({
    mutationFn: async (as: 'preliminary' | 'final') =>
      call(assessmentApi.finalize, { params, body: { as } }, { version: await kept.flush() }),
    onSuccess(signed) {
      kept.forget()
      learn(signed)
    },
    onSettled: settle,
  })
  const discard = useMutation({
    mutationFn: () => call(assessmentApi.discard, { params, body: {} }),
    async onSuccess() {
      kept.forget()
      await navigate({ to: addresses.visit, params: { visit_id: assessment.visit_id } })
    },
    onSettled: settle,
  })
  const wrong = useWrong(sign.error ?? kept.error)
  const fields = { typed: kept.content, wrong, onType: kept.change }
  const code = sign.error ? problemOf(sign.error).kind.code : undefined
  const isPreliminary = assessment.status === 'preliminary'
  return (
    // Enter in a field signs nothing: a signature is given by its button.
    <form onSubmit={(event) => event.preventDefault()}>
      <Stack maw={860}>
        {kept.other && (
          <ChooseVersion
            mine={<ReadingView form={formOf(kept.content)} />}
            other={<ReadingView form={formOf(kept.other.content)} />}
            onMine={kept.keepMine}
            onOther={kept.takeOther}
          />
        )}
        <OrderFields {...fields} />
        <Safety {...fields} contradictions={assessment.contradictions} />
        <ReportFields {...fields} />
        {may(user, 'documents:read') && (
          <Images
            patient_id={assessment.patient_id}
            visit_id={assessment.visit_id}
            named={kept.content.document_ids}
            wrong={wrong['document_ids']}
            onName={(document_ids) => kept.change({ document_ids })}
          />
        )}
        <KeptLine state={kept.state} error={kept.error} saved={isPreliminary ? words.kept_preliminary : words.kept} />
        {code === 'safety_unacknowledged' || code === 'invalid_request' ? (
          <Text role="alert" c="var(--mantine-color-error)">
            {code === 'invalid_request' ? words.missing : words.unacknowledged}
          </Text>
        ) : (
          sign.error && code !== 'stale_version' && <ProblemAlert error={sign.error} />
        )}
        {discard.error && <ProblemAlert error={discard.error} />}
        <Text size="xs" c="dimmed">
          {words.sign_hint}
        </Text>
        <Group justify="space-between">
          {isPreliminary ? (
            <span />
          ) : (
            <Button variant="subtle" color="red" onClick={() => discard.mutate()} loading={discard.isPending}>
              {words.discard}
            </Button>
          )}
          <Group>
            <Button
              variant="default"
              onClick={() => sign.mutate('preliminary')}
              loading={sign.isPending && sign.variables === 'preliminary'}
              disabled={kept.other !== undefined}
            >
              {words.preliminary}
            </Button>
            <Button
              onClick={() => sign.mutate('final')}
              loading={sign.isPending && sign.variables === 'final'}
              disabled={kept.other !== undefined}
            >
              {words.final}
            </Button>
          </Group>
        </Group>
      </Stack>
    </form>
  )
}
