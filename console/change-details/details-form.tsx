// Who somebody is and how they are reached. Patients change how they themselves are reached; the rest is for whoever registers people.
import { Alert, Button, Fieldset, Group, NativeSelect, SimpleGrid, Stack, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { BothVersions } from '../conflict/both-versions.tsx'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { messagesByMember, problemOf } from '../connection/problem-of.ts'
import { BloodType, type Patient, patientApi } from '#contracts/patients/patient'
import { ProblemAlert } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { useCountries } from './countries.ts'
import { changesOf, type LineName, type TextName, type Typed, typedOf } from './typed.ts'
import { useDetailsWords } from './words.ts'

type DetailsProps = { patient: Patient; isOwn: boolean }

/** After one's own choice the form begins anew; what was typed stays when somebody else saves. */
export function DetailsForm(props: DetailsProps) {
  const [ended, setEnded] = useState({ count: 0, isSaved: false })
  return (
    <Form
      key={ended.count}
      {...props}
      isSaved={ended.isSaved}
      onEnd={(isSaved) => setEnded({ count: ended.count + 1, isSaved })}
    />
  )
}

type FormProps = DetailsProps & { isSaved: boolean; onEnd: (isSaved: boolean) => void }

function Form({ patient, isOwn, isSaved, onEnd }: FormProps) {
  const words = useDetailsWords()
  const { patient: labels, members, frame } = useWords()
  const known = useQueryClient()
  const countries = useCountries()
  const form = useRef<HTMLFormElement>(null)
  const queryKey = ['patient', patient.id]
  // With the record that it was begun with: whoever changed more since is not overwritten unasked.
  const draft = useDraft(`details ${patient.id}`, { typed: typedOf(patient), begun: patient })
  const { typed, begun } = draft.value
  const [theirs, setTheirs] = useState<Patient>()
  const save = useMutation({
    mutationFn: (over: Patient) =>
      call(
        patientApi.change,
        { params: { patient_id: patient.id }, body: changesOf(typed, begun) },
        { version: over.version },
      ),
    onSuccess(saved) {
      draft.forget()
      known.setQueryData(queryKey, saved)
      void known.invalidateQueries({ queryKey: ['find'] })
      onEnd(true)
    },
    async onError(error) {
      if (problemOf(error).kind.code !== 'stale_version') return
      const now = await call(patientApi.read, { params: { patient_id: patient.id } })
      known.setQueryData(queryKey, now)
      setTheirs(now)
    },
  })
  useEffect(() => {
    if (save.error) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [save.error])
  const problem = save.error ? problemOf(save.error) : undefined
  const messages = messagesByMember(problem, members)
  const change = (part: Partial<typeof typed>) => draft.change({ typed: { ...typed, ...part } })
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
    <form
      noValidate
      ref={form}
      onSubmit={(event) => {
        event.preventDefault()
        if (!save.isPending) save.mutate(begun)
      }}
    >
      <Stack>
        {theirs ? (
          <BothVersions
            words={words.conflict}
            fields={differing(typedOf(begun), typedOf(theirs), typed, { ...labels, ...words.labels, ...words.lines })}
            isPending={save.isPending}
            onTheirs={() => {
              draft.forget()
              onEnd(false)
            }}
            onMine={() => save.mutate(theirs)}
          />
        ) : (
          problem && <ProblemAlert error={problem} />
        )}
        {isSaved && (
          <Alert color="ward" role="status">
            {words.saved}
          </Alert>
        )}
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
        <Group>
          <Button type="submit" loading={save.isPending}>
            {frame.save}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

/** What of the form would change what stands now: where nothing was typed, theirs stays. */
function differing(before: Typed, theirs: Typed, mine: Typed, labels: Readonly<Record<keyof Typed, string>>) {
  return (Object.keys(mine) as (keyof Typed)[])
    .filter((name) => mine[name].trim() !== before[name])
    .map((name) => ({ label: labels[name], theirs: theirs[name], mine: mine[name] }))
}
