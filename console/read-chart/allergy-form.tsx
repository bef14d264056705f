// Recording what somebody does not tolerate, and correcting it.
import { Select, TextInput } from '@mantine/core'
import { call } from '../connection/call.ts'
import { type Allergy, allergyApi, type AllergySeverity, type NewAllergy } from '#contracts/chart/allergy'
import { EntryForm } from './entry-form.tsx'
import { useChartWords } from './words.ts'

type Typed = {
  substance: string
  reaction: string
  severity: AllergySeverity
  status: NonNullable<NewAllergy['status']>
}
type AllergyFormProps = { patient_id: string; allergy: Allergy | undefined; onClose: () => void }

const typedOf = (allergy: Allergy | undefined): Typed => ({
  substance: allergy?.substance ?? '',
  reaction: allergy?.reaction ?? '',
  severity: allergy?.severity ?? 'moderate',
  status: allergy?.status ?? 'active',
})

export function AllergyForm({ patient_id, allergy, onClose }: AllergyFormProps) {
  const words = useChartWords()
  const one = { patient_id, allergy_id: allergy?.id ?? '' }
  const bodyOf = ({ substance, reaction, severity, status }: Typed) => {
    // The code is that of the substance: of another one the server finds it.
    const coded =
      substance.trim() === allergy?.substance ? { code: allergy.code, code_system: allergy.code_system } : {}
    return { substance, reaction: reaction.trim() || null, severity, status, ...coded } as NewAllergy
  }
  return (
    <EntryForm
      title={allergy ? words.kinds.allergy : words.add_allergy}
      name={`allergy ${patient_id} ${allergy?.id ?? 'new'}`}
      patient_id={patient_id}
      entry={allergy}
      list="allergies"
      typedOf={typedOf}
      add={(typed) => call(allergyApi.add_allergy, { params: { patient_id }, body: bodyOf(typed) })}
      replace={(typed, version) => call(allergyApi.replace_allergy, { params: one, body: bodyOf(typed) }, { version })}
      remove={(version) => call(allergyApi.remove_allergy, { params: one }, { version })}
      read={() => call(allergyApi.get_allergy, { params: one })}
      linesOf={({ substance, reaction, severity, status }) => [
        [words.substance, substance],
        [words.reaction, reaction],
        [words.severity, words.severities[severity]],
        [words.status, words.allergy_statuses[status]],
      ]}
      onClose={onClose}
      fields={({ typed, change, wrong }) => (
        <>
          <TextInput
            label={words.substance}
            value={typed.substance}
            onChange={(event) => change({ substance: event.currentTarget.value })}
            error={wrong['substance']}
            maxLength={200}
            required
            withAsterisk={false}
            data-autofocus
          />
          <TextInput
            label={words.reaction}
            value={typed.reaction}
            onChange={(event) => change({ reaction: event.currentTarget.value })}
            maxLength={500}
          />
          <Select
            label={words.severity}
            data={Object.entries(words.severities).map(([value, label]) => ({ value, label }))}
            value={typed.severity}
            onChange={(value) => value && change({ severity: value as AllergySeverity })}
            allowDeselect={false}
          />
          {allergy && (
            <Select
              label={words.status}
              data={Object.entries(words.allergy_statuses).map(([value, label]) => ({ value, label }))}
              value={typed.status}
              onChange={(value) => value && change({ status: value as Typed['status'] })}
              allowDeselect={false}
            />
          )}
        </>
      )}
    />
  )
}
