// The fields of a record: all of them for whoever registers people, for patients how they themselves are reached.
import { Fieldset, NativeSelect, SimpleGrid, TextInput } from '@mantine/core'
import { BloodType, type Patient } from '#contracts/patients/patient'
import { useWords } from '../words/words.tsx'
import { useCountries } from './countries.ts'
import type { LineName, TextName, Typed } from './typed.ts'
import { useDetailsWords } from './words.ts'

type FieldsProps = {
  typed: Typed
  change: (part: Partial<Typed>) => void
  /** What is wrong with a member, by its name. */
  messages: Readonly<Record<string, string>>
  isOwn: boolean
}

export function DetailsFields({ typed, change, messages, isOwn }: FieldsProps) {
  const words = useDetailsWords()
  const { patient: labels } = useWords()
  const countries = useCountries()
  const field = (name: TextName | LineName, label: string, member: string = name) => ({
    label,
    value: typed[name],
    onChange: (event: { currentTarget: { value: string } }) => change({ [name]: event.currentTarget.value }),
    error: messages[member],
    maxLength: 200,
    // A desk must not offer one patient's data for the next.
    autoComplete: 'off',
  })
  const text = (name: TextName) => field(name, { ...words.labels, ...labels }[name])
  const line = (name: LineName) => field(name, words.lines[name], `address.${name}`)
  const ofOthers: readonly TextName[] = ['middle_name', 'marital_status', 'occupation', 'preferred_language']
  return (
    <>
      {!isOwn && (
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <TextInput {...text('first_name')} />
          <TextInput {...text('last_name')} />
          <TextInput {...text('date_of_birth')} type="date" />
          <NativeSelect
            label={labels.gender}
            value={typed.gender}
            onChange={(event) => change({ gender: event.currentTarget.value as Patient['gender'] })}
            error={messages['gender']}
            data={Object.entries(labels.genders).map(([value, label]) => ({ value, label }))}
          />
        </SimpleGrid>
      )}
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <TextInput {...text('phone_primary')} type="tel" />
        <TextInput {...text('phone_secondary')} type="tel" />
        <TextInput {...text('email')} type="email" {...(isOwn && { description: words.email_help })} />
      </SimpleGrid>
      <Fieldset legend={labels.address}>
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <TextInput {...line('line1')} />
          <TextInput {...line('line2')} />
          <TextInput {...line('postal_code')} />
          <TextInput {...line('city')} />
          <TextInput {...line('state')} />
          <NativeSelect
            label={words.lines.country}
            value={typed.country}
            onChange={(event) => change({ country: event.currentTarget.value })}
            error={messages['address.country']}
            data={[{ value: '', label: '–' }, ...countries]}
          />
        </SimpleGrid>
      </Fieldset>
      {!isOwn && (
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          {ofOthers.map((name) => (
            <TextInput key={name} {...text(name)} />
          ))}
          <NativeSelect
            label={labels.blood_type}
            value={typed.blood_type}
            onChange={(event) => change({ blood_type: event.currentTarget.value })}
            data={[{ value: '', label: labels.unknown }, ...BloodType.options]}
          />
          <TextInput {...text('ssn')} />
          <TextInput {...text('national_id')} />
        </SimpleGrid>
      )}
    </>
  )
}
