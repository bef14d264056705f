// Another version of a signed reading, with the reason; those before stay as they were signed.
import { Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { problemOf } from '../connection/problem-of.ts'
import { assessmentApi } from '#contracts/assessments/assessment'
import type { Assessment } from '#contracts/assessments/assessment-record'
import { ProblemAlert } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { ChooseVersion } from '../write-note/kept-line.tsx'
import { OrderFields, ReportFields } from './reading-fields.tsx'
import { ReadingView } from './reading-view.tsx'
import { Safety } from './safety.tsx'
import { formOf, typedOf } from './typed.ts'
import { useRadiologyWords } from './words.ts'
import { useWrong } from './wrong.ts'

export function AmendReading({ assessment, onClose }: { assessment: Assessment; onClose: () => void }) {
  const words = useRadiologyWords()
  const { frame } = useWords()
  const known = useQueryClient()
  const { value, change, forget } = useDraft(`amend ${assessment.id}`, {
    typed: typedOf(assessment.radiology),
    reason: '',
    version: assessment.version,
  })
  const amend = useMutation({
    mutationFn: () =>
      call(
        assessmentApi.amend,
        {
          params: { assessment_id: assessment.id },
          body: { reason: value.reason, radiology: formOf(value.typed) },
        },
        { version: value.version },
      ),
    onSuccess() {
      forget()
      onClose()
    },
    // Also after a refusal: what stands there is not what was shown.
    onSettled: () => known.invalidateQueries({ queryKey: ['assessments'] }),
  })
  const problem = amend.error ? problemOf(amend.error) : undefined
  const wrong = useWrong(amend.error)
  const isStale = assessment.version > value.version
  const fields = {
    typed: value.typed,
    wrong,
    onType: (part: Partial<typeof value.typed>) => change({ typed: { ...value.typed, ...part } }),
  }
  return (
    // Enter in a field signs nothing: a signature is given by its button.
    <form onSubmit={(event) => event.preventDefault()}>
      <Stack>
        {isStale && assessment.radiology && (
          <ChooseVersion
            mine={<ReadingView form={formOf(value.typed)} />}
            other={<ReadingView form={assessment.radiology} />}
            onMine={() => change({ version: assessment.version })}
            onOther={() => change({ version: assessment.version, typed: typedOf(assessment.radiology) })}
          />
        )}
        <OrderFields {...fields} />
        <Safety {...fields} contradictions={assessment.contradictions} />
        <ReportFields {...fields} />
        <TextInput
          label={words.amend_reason}
          value={value.reason}
          onChange={(event) => change({ reason: event.currentTarget.value })}
          error={wrong['reason']}
          maxLength={1000}
          required
          withAsterisk={false}
        />
        {problem?.kind.code === 'safety_unacknowledged' ? (
          <Text role="alert" c="var(--mantine-color-error)">
            {words.unacknowledged}
          </Text>
        ) : (
          problem && problem.kind.code !== 'stale_version' && <ProblemAlert error={problem} />
        )}
        <Group>
          <Button onClick={() => amend.mutate()} loading={amend.isPending} disabled={isStale}>
            {words.amend_submit}
          </Button>
          <Button
            variant="default"
            onClick={() => {
              forget()
              onClose()
            }}
          >
            {frame.cancel}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
