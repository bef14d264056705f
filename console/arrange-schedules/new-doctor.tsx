// Giving an account with the role doctor its profile: from then on it can be booked.
import { Button, Group, NativeSelect, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { messagesByMember, problemOf } from '../connection/problem-of.ts'
import { readAll } from '../day-calendar/day.ts'
import { doctorApi } from '#contracts/doctors/doctor'
import { type User, userApi } from '#contracts/identity/user'
import { ProblemAlert, ReadProblem, Waiting } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { emptyProfile, ProfileFields, requestOf } from './profile-fields.tsx'
import { useScheduleWords } from './words.ts'

const pageSize = 100

export function NewDoctor() {
  const words = useScheduleWords()
  const { members } = useWords()
  const known = useQueryClient()
  const navigate = useNavigate()
  const accounts = useQuery({
    queryKey: ['users', 'doctors'],
    async queryFn() {
      const accounts = await readAll<User>((cursor) =>
        call(userApi.list, { query: { role: 'doctor', is_active: 'true', limit: '100', ...(cursor && { cursor }) } }),
      )
      const taken = new Set<string>()
      for (let skip = 0; ; skip += pageSize) {
        const { items } = await call(doctorApi.listProfiles, { query: { skip: String(skip), limit: String(pageSize) } })
        for (const { user_id } of items) taken.add(user_id)
        if (items.length < pageSize) return accounts.filter(({ id }) => !taken.has(id))
      }
    },
  })
  const draft = useDraft('new-doctor', { user_id: '', profile: emptyProfile })
  const { user_id, profile } = draft.value
  const make = useMutation({
    mutationFn: () => call(doctorApi.create, { body: { user_id, ...requestOf(profile) } }),
    async onSuccess({ id: doctor_id }) {
      draft.forget()
      void known.invalidateQueries({ queryKey: ['doctor-profiles'] })
      await navigate({ to: addresses.schedule, params: { doctor_id } })
    },
  })
  if (accounts.isPending) return <Waiting />
  if (accounts.error) return <ReadProblem error={accounts.error} />
  const free = accounts.data
  if (free.length === 0) return <Text>{words.accounts_none}</Text>
  const messages = messagesByMember(make.error ? problemOf(make.error) : undefined, members)
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (user_id !== '' && !make.isPending) make.mutate()
      }}
    >
      <Stack>
        {make.error && <ProblemAlert error={make.error} />}
        <NativeSelect
          label={words.account}
          description={words.account_help}
          value={user_id}
          onChange={(event) => {
            const chosen = free.find(({ id }) => id === event.currentTarget.value)
            draft.change({
              user_id: chosen?.id ?? '',
              profile: {
                ...profile,
                first_name: chosen?.first_name ?? '',
                last_name: chosen?.last_name ?? '',
                department_id: chosen?.department_id ?? '',
              },
            })
          }}
          data={[
            { value: '', label: '–' },
            ...free.map(({ id: value, first_name, last_name, email }) => ({
              value,
              label: `${first_name} ${last_name}, ${email}`,
            })),
          ]}
          data-autofocus
        />
        <ProfileFields
          typed={profile}
          change={(part) => draft.change({ profile: { ...profile, ...part } })}
          messages={messages}
          isAdministered
        />
        <Group justify="flex-end">
          <Button type="submit" loading={make.isPending} disabled={user_id === ''}>
            {words.make}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
