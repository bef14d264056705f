// Changing the profile of a doctor.
import { Alert, Button, Group, Stack } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { BothVersions } from '../conflict/both-versions.tsx'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { messagesByMember, problemOf } from '../connection/problem-of.ts'
import { useUser } from '../connection/use-session.ts'
import { doctorApi, type DoctorProfile } from '#contracts/doctors/doctor'
import { ProblemAlert, Waiting } from '../frame/states.tsx'
import { useDepartments } from '../look-after-accounts/administration.tsx'
import { useWords } from '../words/words.tsx'
import { ProfileFields, requestOf, type TypedProfile, typedOf } from './profile-fields.tsx'
import { useScheduleWords } from './words.ts'

export function ProfileForm({ doctor_id }: { doctor_id: string }) {
  const [ended, setEnded] = useState({ count: 0, isSaved: false })
  const profile = useQuery({
    queryKey: ['doctor-profiles', 'one', doctor_id],
    queryFn: () => call(doctorApi.readProfile, { params: { doctor_id } }),
  })
  if (profile.isPending) return <Waiting />
  if (profile.error) return <ProblemAlert error={profile.error} onRetry={() => void profile.refetch()} />
  return (
    <Form
      key={ended.count}
      profile={profile.data}
      isSaved={ended.isSaved}
      onEnd={(isSaved) => setEnded({ count: ended.count + 1, isSaved })}
    />
  )
}

type FormProps = { profile: DoctorProfile; isSaved: boolean; onEnd: (isSaved: boolean) => void }

function Form({ profile, isSaved, onEnd }: FormProps) {
  const words = useScheduleWords()
  const { members } = useWords()
  const { permissions } = useUser()
  const known = useQueryClient()
  const departments = useDepartments()
  const { id: doctor_id } = profile
  const queryKey = ['doctor-profiles', 'one', doctor_id]
  // With the version that it was begun with: whoever changed more since is not overwritten unasked.
  const draft = useDraft(`doctor ${doctor_id}`, { typed: typedOf(profile), version: profile.version })
  const { typed, version } = draft.value
  const [theirs, setTheirs] = useState<DoctorProfile>()
  const save = useMutation({
    mutationFn: (at: number) =>
      call(doctorApi.update, { params: { doctor_id }, body: requestOf(typed) }, { version: at }),
    onSuccess(saved) {
      draft.forget()
      known.setQueryData(queryKey, saved)
      void known.invalidateQueries({ queryKey: ['doctor-profiles'] })
      void known.invalidateQueries({ queryKey: ['doctors'] })
      onEnd(true)
    },
    async onError(error) {
      if (problemOf(error).kind.code !== 'stale_version') return
      const now = await call(doctorApi.readProfile, { params: { doctor_id } })
      known.setQueryData(queryKey, now)
      setTheirs(now)
    },
  })
  const problem = save.error ? problemOf(save.error) : undefined
  const shown = (name: keyof typeof words.names, value: TypedProfile[keyof TypedProfile]) =>
    typeof value === 'boolean'
      ? words.yes_no(value)
      : name === 'department_id'
        ? (departments.data?.find(({ id }) => id === value)?.name ?? '')
        : String(value)
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (!save.isPending) save.mutate(version)
      }}
    >
      <Stack>
        {theirs ? (
          <BothVersions
            words={words.conflict}
            fields={(Object.keys(words.names) as (keyof typeof words.names)[]).map((name) => ({
              label: words.names[name],
              theirs: shown(name, typedOf(theirs)[name]),
              mine: shown(name, typed[name]),
            }))}
            isPending={save.isPending}
            onTheirs={() => {
              draft.forget()
              onEnd(false)
            }}
            onMine={() => save.mutate(theirs.version)}
          />
        ) : (
          problem && <ProblemAlert error={problem} />
        )}
        {isSaved && (
          <Alert color="ward" role="status">
            {words.saved}
          </Alert>
        )}
        <ProfileFields
          typed={typed}
          change={(part) => draft.change({ typed: { ...typed, ...part } })}
          messages={messagesByMember(problem, members)}
          isAdministered={permissions.includes('doctors:update')}
        />
        <Group>
          <Button type="submit" loading={save.isPending}>
            {words.save}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
