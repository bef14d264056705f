// What was signed, as entries of the timeline: notes, assessments, prescriptions.
import { Group, Stack, Text } from '@mantine/core'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { assessmentApi } from '#contracts/assessments/assessment'
import type { Assessment } from '#contracts/assessments/assessment-record'
import { noteApi } from '#contracts/chart/note'
import { prescriptionApi } from '#contracts/prescriptions/prescription'
import { LinkButton } from '../frame/link-button.tsx'
import { ReadingView } from '../read-images/reading-view.tsx'
import { SignedNote } from '../write-note/signed-note.tsx'
import { FactList, type FactLine } from './facts.tsx'
import { Opened } from './opened.tsx'
import { useChartWords } from './words.ts'

export function NoteEntry({ note_id }: { note_id: string }) {
  const words = useChartWords()
  return (
    <Opened of={['notes', note_id]} read={() => call(noteApi.get, { params: { note_id } })}>
      {(note) => (
        <Stack align="flex-start">
          <SignedNote note={note} />
          <LinkButton to={addresses.visit} params={{ visit_id: note.visit_id }} variant="default">
            {words.to_visit}
          </LinkButton>
        </Stack>
      )}
    </Opened>
  )
}

export function AssessmentEntry({ assessment_id }: { assessment_id: string }) {
  const words = useChartWords()
  return (
    <Opened of={['assessments', assessment_id]} read={() => call(assessmentApi.get, { params: { assessment_id } })}>
      {(assessment) => (
        <Stack>
          {assessment.radiology ? <ReadingView form={assessment.radiology} /> : <Nursing assessment={assessment} />}
          <Group gap="xs">
            {assessment.kind === 'radiology' && (
              <LinkButton to={addresses.radiology} params={{ assessment_id }}>
                {words.open_entry}
              </LinkButton>
            )}
            <LinkButton to={addresses.visit} params={{ visit_id: assessment.visit_id }} variant="default">
              {words.to_visit}
            </LinkButton>
          </Group>
        </Stack>
      )}
    </Opened>
  )
}

function Nursing({ assessment: { nursing, derived } }: { assessment: Assessment }) {
  const words = useChartWords()
  const signs = nursing?.vital_signs
  const measured = Object.entries(words.signs).map(([name, label]): FactLine => [
    label,
    signs?.[name as keyof typeof words.signs],
  ])
  return <FactList lines={[['NEWS2', derived?.news2?.score], ...measured, [words.note_parts.text, nursing?.notes]]} />
}

export function PrescriptionEntry({ prescription_id }: { prescription_id: string }) {
  const words = useChartWords()
  return (
    <Opened
      of={['prescriptions', prescription_id]}
      read={() => call(prescriptionApi.get, { params: { prescription_id } })}
    >
      {(prescription) => (
        <Stack align="flex-start">
          <Text size="sm" c="dimmed">
            {prescription.prescription_number} · {words.codes[prescription.status]}
          </Text>
          <FactList
            lines={prescription.medicines.map((medicine) => [
              medicine.name,
              [medicine.dosage, medicine.route, medicine.frequency].join(', '),
            ])}
          />
          <LinkButton to={addresses.prescription} params={{ prescription_id }}>
            {words.open_entry}
          </LinkButton>
        </Stack>
      )}
    </Opened>
  )
}
