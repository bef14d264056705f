// The name, the role, the department, what is withdrawn, and whether somebody may sign in at all.
import {
  Alert,
  Button,
  Checkbox,
  Group,
  NativeSelect,
  Paper,
  Stack,
  Switch,
  Text,
  TextInput,
  Title,
} from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { messagesByMember, problemOf } from '../connection/problem-of.ts'
import { may, useUser } from '../connection/use-session.ts'
import { type User, userApi } from '#contracts/identity/user'
import { ProblemAlert } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { useAdministratorWords, useDepartments, useRoles } from './administration.tsx'
import { BothVersions } from '../conflict/both-versions.tsx'

/** With the version that it was begun with: whoever changed more since is not overwritten unasked. */
type Form = Pick<
  User,
  'first_name' | 'last_name' | 'role' | 'department_id' | 'is_active' | 'denied_permissions' | 'version'
>

const formOf = ({
  first_name,
  last_name,
  role,
  department_id,
  is_active,
  denied_permissions,
  version,
}: User): Form => ({
  first_name,
  last_name,
  role,
  department_id,
  is_active,
  denied_permissions,
  version,
})
const baseOf = (permission: string) => permission.split(':').slice(0, 2).join(':')

type Props = {
  user: User
  isSaved: boolean
  onReload: () => Promise<{ data?: User | undefined }>
  onEnd: (isSaved: boolean) => void
}

export function UserRights({ user, isSaved, onReload, onEnd }: Props) {
  const words = useAdministratorWords()
  const { members } = useWords()
  const me = useUser()
  const known = useQueryClient()
  const roles = useRoles()
  const departments = useDepartments()
  const draft = useDraft<Form>(`user ${user.id}`, formOf(user))
  const [theirs, setTheirs] = useState<User>()
  const form = draft.value
  const isOwn = user.id === me.id
  const mayChange = may(me, 'users:update')
  const save = useMutation({
    mutationFn: (at: number) => {
      const { first_name, last_name, version: _, ...rights } = form
      const body = isOwn ? { first_name, last_name } : { first_name, last_name, ...rights }
      return call(userApi.update, { params: { user_id: user.id }, body }, { version: at })
    },
    onSuccess: (saved) => {
      draft.forget()
      known.setQueryData(['users', 'one', user.id], saved)
      onEnd(true)
      return known.invalidateQueries({ queryKey: ['users'] })
    },
    onError: async (error) => {
      if (problemOf(error).kind.code === 'stale_version') setTheirs((await onReload()).data)
    },
  })
  const messages = messagesByMember(save.error ? problemOf(save.error) : undefined, members)
  const permissions = [
    ...new Set([
      ...(roles.data?.find(({ name }) => name === form.role)?.permissions ?? []).map(baseOf),
      ...form.denied_permissions,
    ]),
  ].sort()
  const departmentName = (id: string | null) =>
    departments.data?.find((department) => department.id === id)?.name ?? words.no_department
  return (
    <Paper withBorder p="md">
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          if (!save.isPending) save.mutate(form.version)
        }}
      >
        <Stack>
          <Title order={2} size="h4">
            {words.rights}
          </Title>
          {theirs ? (
            <BothVersions
              fields={[
                { label: words.first_name, theirs: theirs.first_name, mine: form.first_name },
                { label: words.last_name, theirs: theirs.last_name, mine: form.last_name },
                { label: words.role, theirs: theirs.role, mine: form.role },
                {
                  label: words.department,
                  theirs: departmentName(theirs.department_id),
                  mine: departmentName(form.department_id),
                },
                {
                  label: words.active,
                  theirs: theirs.is_active ? words.yes : words.no,
                  mine: form.is_active ? words.yes : words.no,
                },
                {
                  label: words.denied,
                  theirs: theirs.denied_permissions.join(', '),
                  mine: [...form.denied_permissions].sort().join(', '),
                },
              ]}
              isPending={save.isPending}
              onTheirs={() => {
                draft.forget()
                onEnd(false)
              }}
              onMine={() => save.mutate(theirs.version)}
            />
          ) : (
            save.error && Object.keys(messages).length === 0 && <ProblemAlert error={save.error} />
          )}
          {isSaved && (
            <Alert color="ward" role="status">
              {words.saved}
            </Alert>
          )}
          {isOwn && <Text size="sm">{words.own_account}</Text>}
          <Group grow align="flex-start">
            <TextInput
              label={words.first_name}
              value={form.first_name}
              error={messages['first_name']}
              onChange={(event) => draft.change({ first_name: event.currentTarget.value })}
              disabled={!mayChange}
            />
            <TextInput
              label={words.last_name}
              value={form.last_name}
              error={messages['last_name']}
              onChange={(event) => draft.change({ last_name: event.currentTarget.value })}
              disabled={!mayChange}
            />
          </Group>
          <Group grow align="flex-start">
            <NativeSelect
              label={words.role}
              value={form.role}
              error={messages['role']}
              onChange={(event) => draft.change({ role: event.currentTarget.value })}
              data={[...new Set([form.role, ...(roles.data ?? []).map(({ name }) => name)])]}
              disabled={isOwn || !mayChange}
            />
            <NativeSelect
              label={words.department}
              value={form.department_id ?? ''}
              error={messages['department_id']}
              onChange={(event) => draft.change({ department_id: event.currentTarget.value || null })}
              data={[
                { value: '', label: words.no_department },
                ...(departments.data ?? []).map(({ id: value, name: label }) => ({ value, label })),
              ]}
              disabled={isOwn || !mayChange}
            />
          </Group>
          <Switch
            label={words.active}
            checked={form.is_active}
            onChange={(event) => draft.change({ is_active: event.currentTarget.checked })}
            disabled={isOwn || !mayChange}
          />
          <Checkbox.Group
            label={words.denied}
            value={form.denied_permissions}
            onChange={(denied_permissions) => draft.change({ denied_permissions })}
          >
            <Group gap="sm" mt="xs">
              {permissions.length === 0 && <Text size="sm">{words.denied_none}</Text>}
              {permissions.map((permission) => (
                <Checkbox
                  key={permission}
                  value={permission}
                  label={permission}
                  size="sm"
                  disabled={isOwn || !mayChange}
                />
              ))}
            </Group>
          </Checkbox.Group>
          {mayChange && (
            <Group justify="flex-end">
              <Button type="submit" loading={save.isPending}>
                {words.save}
              </Button>
            </Group>
          )}
        </Stack>
      </form>
    </Paper>
  )
}
