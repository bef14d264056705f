// Who somebody is and how they are reached. Patients change how they themselves are reached; the rest is for whoever registers people.
import { Button, Group } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { type Ending, useBeginning, VersionedForm } from '../conflict/versioned-form.tsx'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { messagesByMember } from '../connection/problem-of.ts'
import { type Patient, patientApi } from '#contracts/patients/patient'
import { useWords } from '../words/words.tsx'
import { DetailsFields } from './details-fields.tsx'
import { changesOf, type Typed, typedOf } from './typed.ts'
import { useDetailsWords } from './words.ts'

type DetailsProps = { patient: Patient; isOwn: boolean }

export function DetailsForm(props: DetailsProps) {
  const { count, ...ending } = useBeginning()
  return <Form key={count} {...props} {...ending} />
}

function Form({ patient, isOwn, ...ending }: DetailsProps & Ending) {
  const words = useDetailsWords()
  const { patient: labels, members, frame } = useWords()
  const known = useQueryClient()
  const params = { patient_id: patient.id }
  // With the record that it was begun with: whoever changed more since is not overwritten unasked.
  const draft = useDraft(`details ${patient.id}`, { typed: typedOf(patient), begun: patient })
  const { typed, begun } = draft.value
  return (
    <VersionedForm
      {...ending}
      version={begun.version}
      draft={draft}
      saved={words.saved}
      read={() => call(patientApi.read, { params })}
      send={async (over_version) => {
        const saved = await call(
          patientApi.change,
          { params, body: changesOf(typed, begun) },
          { version: over_version },
        )
        void known.invalidateQueries({ queryKey: ['find'] })
        return saved
      }}
      keep={(now) => known.setQueryData(['patient', patient.id], now)}
      differing={(theirs) =>
        differing(typedOf(begun), typedOf(theirs), typed, { ...labels, ...words.labels, ...words.lines })
      }
    >
      {({ isPending, problem }) => (
        <>
          <DetailsFields
            typed={typed}
            change={(part) => draft.change({ typed: { ...typed, ...part } })}
            messages={messagesByMember(problem, members)}
            isOwn={isOwn}
          />
          <Group>
            <Button type="submit" loading={isPending}>
              {frame.save}
            </Button>
          </Group>
        </>
      )}
    </VersionedForm>
  )
}

/** What of the form would change what stands now: where nothing was typed, theirs stays. */
function differing(before: Typed, theirs: Typed, mine: Typed, labels: Readonly<Record<keyof Typed, string>>) {
  return (Object.keys(mine) as (keyof Typed)[])
    .filter((name) => mine[name].trim() !== before[name])
    .map((name) => ({ label: labels[name], theirs: theirs[name], mine: mine[name] }))
}
