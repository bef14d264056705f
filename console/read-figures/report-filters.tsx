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
import { ReadProblem } from '../frame/states.tsx'
import { useDepartments } from '../look-after-accounts/administration.tsx'
import { useFigureWords } from './figures.tsx'

type Props = { report: ReportName; value: Filters; onChange: (part: Filters) => void }
type FilterProps = { label: string; value: string; onChange: (text: string) => void }
type Choice = { value: string; label: string }

export function ReportFilters({ report, value, onChange }: Props) {
  const words = useFigureWords()
  const { kinds } = useHouseWords()
  const choices: Partial<Record<FilterName, readonly Choice[]>> = {
    gender: Gender.options.map((one) => ({ value: one, label: words.genders[one] })),
    type: ResourceType.options.map((one) => ({ value: one, label: kinds[one] })),
    outcome: AuditOutcome.options.map((one) => ({ value: one, label: words.outcomes[one] })),
  }
  return filtersOf[report].map((name) => {
    const filter = {
      label: words.filters[name],
      value: value[name] ?? '',
      onChange: (text: string) => onChange({ [name]: text || undefined }),
    }
    if (name === 'doctor_id') return <DoctorFilter key={name} {...filter} />
    if (name === 'department_id') return <DepartmentFilter key={name} {...filter} />
    const known = choices[name]
    return known ? (
      <ChoiceFilter key={name} {...filter} choices={known} />
    ) : (
      <TextInput
        key={name}
        label={filter.label}
        value={filter.value}
        maxLength={100}
        onChange={(event) => filter.onChange(event.currentTarget.value)}
      />
    )
  })
}

/** Asked for by no other report. */
function DoctorFilter(filter: FilterProps) {
  const doctors = useDoctors()
  if (doctors.error) return <ReadProblem error={doctors.error} />
  const choices = (doctors.data ?? []).map(({ id, first_name, last_name }) => ({
    value: id,
    label: `${first_name} ${last_name}`,
  }))
  return <ChoiceFilter {...filter} choices={choices} />
}

function DepartmentFilter(filter: FilterProps) {
  const departments = useDepartments()
  if (departments.error) return <ReadProblem error={departments.error} />
  return (
    <ChoiceFilter {...filter} choices={(departments.data ?? []).map(({ id, name }) => ({ value: id, label: name }))} />
  )
}

function ChoiceFilter({ label, value, onChange, choices }: FilterProps & { choices: readonly Choice[] }) {
  const words = useFigureWords()
  return (
    <NativeSelect
      label={label}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      data={[{ value: '', label: words.all }, ...choices]}
    />
  )
}
