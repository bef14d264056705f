// What a report is narrowed by: the filters that its contract names, each chosen from what there is.
import { NativeSelect, TextInput } from '@mantine/core'
import { useHouseWords } from '../arrange-house/house-words.ts'
import { Gender } from '#contracts/patients/patient'
import {
  AuditOutcome,
  type FilterName,
  type Filters,
  filtersOf,
  type ReportName,
} from '#contracts/reports/report-filters'
import { ResourceType } from '#contracts/resources/resource'
import { useDoctors } from '../day-calendar/day.ts'
import { useDepartments } from '../look-after-accounts/administration.tsx'
import { useFigureWords } from './figures.tsx'

type Props = { report: ReportName; value: Filters; onChange: (part: Filters) => void }
type Choice = { value: string; label: string }

export function ReportFilters({ report, value, onChange }: Props) {
  const words = useFigureWords()
  const { kinds } = useHouseWords()
  const doctors = useDoctors()
  const departments = useDepartments()
  const choices: Partial<Record<FilterName, readonly Choice[]>> = {
    doctor_id: (doctors.data ?? []).map(({ id, first_name, last_name }) => ({
      value: id,
      label: `${first_name} ${last_name}`,
    })),
    department_id: (departments.data ?? []).map(({ id, name }) => ({ value: id, label: name })),
    gender: Gender.options.map((one) => ({ value: one, label: words.genders[one] })),
    type: ResourceType.options.map((one) => ({ value: one, label: kinds[one] })),
    outcome: AuditOutcome.options.map((one) => ({ value: one, label: words.outcomes[one] })),
  }
  return filtersOf[report].map((name) => {
    const change = (text: string) => onChange({ [name]: text || undefined })
    const known = choices[name]
    return known ? (
      <NativeSelect
        key={name}
        label={words.filters[name]}
        value={value[name] ?? ''}
        onChange={(event) => change(event.currentTarget.value)}
        data={[{ value: '', label: words.all }, ...known]}
      />
    ) : (
      <TextInput
        key={name}
        label={words.filters[name]}
        value={value[name] ?? ''}
        maxLength={100}
        onChange={(event) => change(event.currentTarget.value)}
      />
    )
  })
}
