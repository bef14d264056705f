// Allergies and diagnoses as entries of the timeline: read, and corrected by whoever may.
import { Button, Stack } from '@mantine/core'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import { may, useUser } from '../connection/use-session.ts'
import { type Allergy, allergyApi } from '#contracts/chart/allergy'
import { type Condition, conditionApi } from '#contracts/chart/condition'
import { useDates } from '../words/dates.ts'
import { AllergyForm } from './allergy-form.tsx'
import { ConditionForm } from './condition-form.tsx'
import { FactList } from './facts.tsx'
import { useStaffNames } from './known.ts'
import { Opened } from './opened.tsx'
import { useChartWords } from './words.ts'

export function AllergyEntry({ patient_id, allergy_id }: { patient_id: string; allergy_id: string }) {
  return (
    <Opened
      of={['allergies', patient_id, allergy_id]}
      read={() => call(allergyApi.get_allergy, { params: { patient_id, allergy_id } })}
    >
      {(allergy) => <OneAllergy allergy={allergy} />}
    </Opened>
  )
}

function OneAllergy({ allergy }: { allergy: Allergy }) {
  const words = useChartWords()
  const user = useUser()
  const names = useStaffNames([allergy.created_by])
  const [isChanging, setChanging] = useState(false)
  return (
    <Stack align="flex-start">
      <FactList
        lines={[
          [words.substance, allergy.substance],
          [words.reaction, allergy.reaction],
          [words.severity, words.severities[allergy.severity]],
          [words.status, words.allergy_statuses[allergy.status]],
          [words.record, names.data?.get(allergy.created_by ?? '')],
        ]}
      />
      {may(user, 'chart:write') && (
        <Button variant="default" onClick={() => setChanging(true)}>
          {words.change(allergy.substance)}
        </Button>
      )}
      {isChanging && (
        <AllergyForm patient_id={allergy.patient_id} allergy={allergy} onClose={() => setChanging(false)} />
      )}
    </Stack>
  )
}

export function ConditionEntry({ patient_id, condition_id }: { patient_id: string; condition_id: string }) {
  return (
    <Opened
      of={['conditions', patient_id, condition_id]}
      read={() => call(conditionApi.get_condition, { params: { patient_id, condition_id } })}
    >
      {(condition) => <OneCondition condition={condition} />}
    </Opened>
  )
}

function OneCondition({ condition }: { condition: Condition }) {
  const words = useChartWords()
  const dates = useDates()
  const user = useUser()
  const names = useStaffNames([condition.created_by])
  const [isChanging, setChanging] = useState(false)
  return (
    <Stack align="flex-start">
      <FactList
        lines={[
          [words.diagnosis, condition.text],
          [words.icd10, condition.icd10_code],
          [words.status, words.clinical_statuses[condition.clinical_status]],
          [words.onset, condition.onset_date && dates.day(condition.onset_date)],
          [words.resolved_on, condition.resolved_date && dates.day(condition.resolved_date)],
          [words.record, names.data?.get(condition.created_by ?? '')],
        ]}
      />
      {may(user, 'chart:write') && (
        <Button variant="default" onClick={() => setChanging(true)}>
          {words.change(condition.text)}
        </Button>
      )}
      {isChanging && (
        <ConditionForm patient_id={condition.patient_id} condition={condition} onClose={() => setChanging(false)} />
      )}
    </Stack>
  )
}
