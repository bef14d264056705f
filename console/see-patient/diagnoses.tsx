// The diagnoses of the patient, from the visit in which they are made.
import { Button, Stack, Text, UnstyledButton } from '@mantine/core'
import { useState } from 'react'
import { may, useUser } from '../connection/use-session.ts'
import type { Condition } from '#contracts/chart/condition'
import type { Patient } from '#contracts/patients/patient'
import { ReadProblem, Waiting } from '../frame/states.tsx'
import { ConditionForm } from '../read-chart/condition-form.tsx'
import { useConditions } from '../read-chart/known.ts'
import { Section } from '../read-chart/section.tsx'
import { useChartWords } from '../read-chart/words.ts'
import { useVisitWords } from './words.ts'

export function Diagnoses({ patient }: { patient: Patient }) {
  const words = useVisitWords()
  const chart = useChartWords()
  const user = useUser()
  const conditions = useConditions(patient.id)
  const [opened, setOpened] = useState<Condition | 'new'>()
  const mayWrite = may(user, 'chart:write') && patient.is_active
  return (
    <Section
      title={words.diagnoses}
      action={
        mayWrite && (
          <Button size="sm" variant="default" onClick={() => setOpened('new')}>
            {chart.add_condition}
          </Button>
        )
      }
    >
      {conditions.isPending && <Waiting />}
      {conditions.error && <ReadProblem error={conditions.error} />}
      {conditions.data?.length === 0 && <Text c="dimmed">{words.no_diagnoses}</Text>}
      <Stack gap={4}>
        {conditions.data?.map((condition) => {
          const text = `${condition.text}${condition.icd10_code ? ` (${condition.icd10_code})` : ''}`
          const line = (
            <>
              <span className="name">{text}</span>
              <Text component="span" size="sm" c="dimmed">
                {' '}
                · {chart.clinical_statuses[condition.clinical_status]}
              </Text>
            </>
          )
          return mayWrite ? (
            <UnstyledButton key={condition.id} onClick={() => setOpened(condition)} mih={24}>
              {line}
            </UnstyledButton>
          ) : (
            <Text key={condition.id}>{line}</Text>
          )
        })}
      </Stack>
      {opened && (
        <ConditionForm
          patient_id={patient.id}
          condition={opened === 'new' ? undefined : opened}
          onClose={() => setOpened(undefined)}
        />
      )}
    </Section>
  )
}
