// Recording a diagnosis, and what became of it.
import { Select, SimpleGrid, TextInput } from '@mantine/core'
import { call } from '../connection/call.ts'
import { type ClinicalStatus, type Condition, conditionApi } from '#contracts/chart/condition'
import { useDates } from '../words/dates.ts'
import { EntryForm } from './entry-form.tsx'
import { useChartWords } from './words.ts'

type Typed = {
  text: string
  icd10_code: string
  clinical_status: ClinicalStatus
  onset_date: string
  resolved_date: string
}
type ConditionFormProps = { patient_id: string; condition: Condition | undefined; onClose: () => void }

const hasEnd = (status: ClinicalStatus) => ['inactive', 'remission', 'resolved'].includes(status)
const typedOf = (condition: Condition | undefined): Typed => ({
  text: condition?.text ?? '',
  icd10_code: condition?.icd10_code ?? '',
  clinical_status: condition?.clinical_status ?? 'active',
  onset_date: condition?.onset_date ?? '',
  resolved_date: condition?.resolved_date ?? '',
})
const bodyOf = ({ text, icd10_code, clinical_status, onset_date, resolved_date }: Typed) => ({
  text,
  icd10_code: icd10_code.trim().toUpperCase() || null,
  clinical_status,
  onset_date: onset_date || null,
  resolved_date: (hasEnd(clinical_status) && resolved_date) || null,
})

export function ConditionForm({ patient_id, condition, onClose }: ConditionFormProps) {
  const words = useChartWords()
  const dates = useDates()
  const one = { patient_id, condition_id: condition?.id ?? '' }
  return (
    <EntryForm
      title={condition ? words.kinds.condition : words.add_condition}
      name={`condition ${patient_id} ${condition?.id ?? 'new'}`}
      patient_id={patient_id}
      entry={condition}
      list="conditions"
      typedOf={typedOf}
      add={(typed) => call(conditionApi.add_condition, { params: { patient_id }, body: bodyOf(typed) })}
      replace={(typed, version) =>
        call(conditionApi.replace_condition, { params: one, body: bodyOf(typed) }, { version })
      }
      remove={(version) => call(conditionApi.remove_condition, { params: one }, { version })}
      read={() => call(conditionApi.get_condition, { params: one })}
      linesOf={({ text, icd10_code, clinical_status, onset_date, resolved_date }) => [
        [words.diagnosis, text],
        [words.icd10, icd10_code],
        [words.status, words.clinical_statuses[clinical_status]],
        [words.onset, onset_date && dates.day(onset_date)],
        [words.resolved_on, hasEnd(clinical_status) && resolved_date ? dates.day(resolved_date) : ''],
      ]}
      onClose={onClose}
      fields={({ typed, change, wrong }) => (
        <>
          <TextInput
            label={words.diagnosis}
            value={typed.text}
            onChange={(event) => change({ text: event.currentTarget.value })}
            error={wrong['text']}
            maxLength={500}
            required
            withAsterisk={false}
            data-autofocus
          />
          <TextInput
            label={words.icd10}
            description={words.icd10_help}
            value={typed.icd10_code}
            onChange={(event) => change({ icd10_code: event.currentTarget.value })}
            error={wrong['icd10_code']}
            maxLength={10}
          />
          <Select
            label={words.status}
            data={Object.entries(words.clinical_statuses).map(([code, label]) => ({ value: code, label }))}
            value={typed.clinical_status}
            onChange={(status) => status && change({ clinical_status: status as ClinicalStatus })}
            allowDeselect={false}
          />
          <SimpleGrid cols={2}>
            <TextInput
              type="date"
              label={words.onset}
              value={typed.onset_date}
              onChange={(event) => change({ onset_date: event.currentTarget.value })}
              error={wrong['onset_date']}
            />
            {hasEnd(typed.clinical_status) && (
              <TextInput
                type="date"
                label={words.resolved_on}
                value={typed.resolved_date}
                onChange={(event) => change({ resolved_date: event.currentTarget.value })}
                error={wrong['resolved_date']}
              />
            )}
          </SimpleGrid>
        </>
      )}
    />
  )
}
