// What is known of a doctor: on the door, and behind it.
import { NativeSelect, NumberInput, SimpleGrid, Stack, Switch, Textarea, TextInput } from '@mantine/core'
import type { DoctorProfile, DoctorRequest } from '#contracts/doctors/doctor'
import { useDepartments } from '../look-after-accounts/administration.tsx'
import { useScheduleWords } from './words.ts'

const texts = ['first_name', 'last_name', 'specialization', 'license_number', 'location'] as const
type TextName = (typeof texts)[number] | 'languages' | 'available_from' | 'available_to' | 'timezone' | 'bio'

export type TypedProfile = Record<TextName, string> & {
  consultation_minutes: number
  department_id: string
  accepts_new_patients: boolean
  is_active: boolean
}

export const emptyProfile: TypedProfile = {
  first_name: '',
  last_name: '',
  specialization: '',
  license_number: '',
  location: '',
  languages: '',
  available_from: '09:00',
  available_to: '17:00',
  timezone: '',
  bio: '',
  consultation_minutes: 30,
  department_id: '',
  accepts_new_patients: true,
  is_active: true,
}

export function typedOf(profile: DoctorProfile): TypedProfile {
  return {
    ...profile,
    languages: profile.languages.join(', '),
    bio: profile.bio ?? '',
    department_id: profile.department_id ?? '',
  }
}

/** What was left empty is as in the account or the hospital. */
export function requestOf(typed: TypedProfile): DoctorRequest {
  const { first_name, last_name, timezone, specialization, license_number, location } = typed
  const { available_from, available_to, consultation_minutes, accepts_new_patients, is_active } = typed
  return {
    ...(first_name.trim() && { first_name }),
    ...(last_name.trim() && { last_name }),
    ...(timezone.trim() && { timezone: timezone.trim() }),
    specialization,
    license_number,
    location,
    languages: typed.languages
      .split(',')
      .map((language) => language.trim())
      .filter((language) => language !== ''),
    bio: typed.bio.trim() || null,
    available_from,
    available_to,
    consultation_minutes,
    department_id: typed.department_id || null,
    accepts_new_patients,
    is_active,
  }
}

type FieldsProps = {
  typed: TypedProfile
  change: (part: Partial<TypedProfile>) => void
  messages: Readonly<Record<string, string>>
  /** Department and whether somebody works here are the administrator's. */
  isAdministered: boolean
}

export function ProfileFields({ typed, change, messages, isAdministered }: FieldsProps) {
  const words = useScheduleWords()
  const departments = useDepartments()
  const text = (name: TextName) => ({
    label: words.names[name],
    value: typed[name],
    onChange: (event: { currentTarget: { value: string } }) => change({ [name]: event.currentTarget.value }),
    error: Object.entries(messages).find(([member]) => member === name || member.startsWith(`${name}.`))?.[1],
    autoComplete: 'off',
  })
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        {texts.map((name) => (
          <TextInput key={name} {...text(name)} />
        ))}
        <TextInput {...text('languages')} description={words.languages_help} />
        <NumberInput
          label={words.names.consultation_minutes}
          value={typed.consultation_minutes}
          onChange={(value) => change({ consultation_minutes: Number(value) })}
          error={messages['consultation_minutes']}
          min={5}
          max={240}
          allowDecimal={false}
        />
        <TextInput {...text('timezone')} />
        <TextInput {...text('available_from')} type="time" description={words.hours_help} />
        <TextInput {...text('available_to')} type="time" description={words.hours_help} />
        {isAdministered && (
          <NativeSelect
            label={words.names.department_id}
            value={typed.department_id}
            onChange={(event) => change({ department_id: event.currentTarget.value })}
            error={messages['department_id']}
            data={[
              { value: '', label: words.no_department },
              ...(departments.data ?? [])
                .filter(({ id, is_active }) => is_active || id === typed.department_id)
                .map(({ id: value, name: label }) => ({ value, label })),
            ]}
          />
        )}
      </SimpleGrid>
      <Textarea {...text('bio')} autosize minRows={2} maxLength={2000} />
      <Switch
        label={words.names.accepts_new_patients}
        checked={typed.accepts_new_patients}
        onChange={(event) => change({ accepts_new_patients: event.currentTarget.checked })}
      />
      {isAdministered && (
        <Switch
          label={words.names.is_active}
          checked={typed.is_active}
          onChange={(event) => change({ is_active: event.currentTarget.checked })}
        />
      )}
    </Stack>
  )
}
