// A reading as it reads.
import { Badge, Group, Stack } from '@mantine/core'
import { type RadiologyForm, SafetyQuestion } from '#contracts/assessments/radiology'
import { FactList } from '../read-chart/facts.tsx'
import { useVisitWords } from '../see-patient/words.ts'
import { useRadiologyWords } from './words.ts'

export function ReadingView({ form }: { form: RadiologyForm }) {
  const words = useRadiologyWords()
  const { critical_result } = useVisitWords()
  const { safety } = form
  const answered = SafetyQuestion.options.flatMap((question) => {
    const answer = safety?.[question]
    if (typeof answer !== 'boolean') return []
    const isAccepted = safety?.acknowledged.includes(question)
    return [
      [
        words.questions[question],
        answer ? `${words.yes}${isAccepted ? `, ${words.accepted}` : ''}` : words.no,
      ] as const,
    ]
  })
  return (
    <Stack gap="sm">
      {form.is_critical && (
        <Group>
          <Badge color="red.9" variant="filled" tt="none">
            {critical_result}
          </Badge>
        </Group>
      )}
      <FactList
        lines={[
          [words.modality, form.modality && words.modalities[form.modality]],
          [words.body_site, form.body_site],
          [words.laterality, form.laterality && words.lateralities[form.laterality]],
          [words.clinical_indication, form.clinical_indication],
          [words.technique, form.technique],
          [words.with_contrast, form.with_contrast ? (form.contrast ?? words.yes) : null],
          [words.findings, form.findings],
          [words.impression, form.impression],
          [words.recommendations, form.recommendations],
          ...answered,
        ]}
      />
    </Stack>
  )
}
