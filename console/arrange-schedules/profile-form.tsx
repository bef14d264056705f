// Changing the profile of a doctor.
import { Button, Group } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type Ending, useBeginning, VersionedForm } from '../conflict/versioned-form.tsx'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { messagesByMember } from '../connection/problem-of.ts'
import { useUser } from '../connection/use-session.ts'
import { doctorApi, type DoctorProfile } from '#contracts/doctors/doctor'
import { ReadProblem, Waiting } from '../frame/states.tsx'
import { useDepartments } from '../look-after-accounts/administration.tsx'
import { useWords } from '../words/words.tsx'
import { ProfileFields, requestOf, type TypedProfile, typedOf } from './profile-fields.tsx'
import { useScheduleWords } from './words.ts'

export function ProfileForm({ doctor_id }: { doctor_id: string }) {
  const { count, ...ending } = useBeginning()
  const profile = useQuery({
    queryKey: ['doctor-profiles', 'one', doctor_id],
    queryFn: () => call(doctorApi.readProfile, { params: { doctor_id } }),
  })
  if (profile.isPending) return <Waiting />
  if (profile.error) return <ReadProblem error={profile.error} />
  return <Form key={count} profile={profile.data} {...ending} />
}

function Form({ profile, ...ending }: Ending & { profile: DoctorProfile }) {
  const words = useScheduleWords()
  const { members } = useWords()
  const { permissions } = useUser()
  const known = useQueryClient()
  const departments = useDepartments()
  const params = { doctor_id: profile.id }
  // With the version that it was begun with: whoever changed more since is not overwritten unasked.
  const draft = useDraft(`doctor ${profile.id}`, { typed: typedOf(profile), version: profile.version })
  const { typed, version } = draft.value
  const shown = (name: keyof typeof words.names, value: TypedProfile[keyof TypedProfile]) =>
    typeof value === 'boolean'
      ? words.yes_no(value)
      : name === 'department_id'
        ? (departments.data?.find(({ id }) => id === value)?.name ?? '')
        : String(value)
  return (
    <VersionedForm
      {...ending}
      version={version}
      draft={draft}
      saved={words.saved}
      read={() => call(doctorApi.readProfile, { params })}
      send={async (over_version) => {
        const saved = await call(doctorApi.update, { params, body: requestOf(typed) }, { version: over_version })
        void known.invalidateQueries({ queryKey: ['doctor-profiles'] })
        void known.invalidateQueries({ queryKey: ['doctors'] })
        return saved
      }}
      keep={(now) => known.setQueryData(['doctor-profiles', 'one', profile.id], now)}
      differing={(theirs) =>
        (Object.keys(words.names) as (keyof typeof words.names)[]).map((name) => ({
          label: words.names[name],
          theirs: shown(name, typedOf(theirs)[name]),
          mine: shown(name, typed[name]),
        }))
      }
    >
      {({ isPending, problem }) => (
        <>
          <ProfileFields
            typed={typed}
            change={(part) => draft.change({ typed: { ...typed, ...part } })}
            messages={messagesByMember(problem, members)}
            isAdministered={permissions.includes('doctors:update')}
          />
          <Group>
            <Button type="submit" loading={isPending}>
              {words.save}
            </Button>
          </Group>
        </>
      )}
    </VersionedForm>
  )
}
