// What a role may do: a permission a line, a column for how far it reaches.
import { Alert, Button, Checkbox, Group, NativeSelect, Stack, Table, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { problemOf } from '../connection/problem-of.ts'
import { may, useUser } from '../connection/use-session.ts'
import { type Role, roleApi } from '#contracts/identity/role'
import { PageTitle } from '../frame/page-title.tsx'
import { ProblemAlert, ProblemPage, Waiting } from '../frame/states.tsx'
import { AdministrationNav, useAdministratorWords, useRoles } from './administration.tsx'
import { BothVersions } from '../conflict/both-versions.tsx'

const route = getRouteApi(`/closed${addresses.role}`)
const scopes = ['all', 'department', 'own'] as const

export function RolePage() {
  const { name } = route.useParams()
  const [ended, setEnded] = useState({ count: 0, isSaved: false })
  const role = useQuery({
    queryKey: ['roles', 'one', name],
    queryFn: () => call(roleApi.read, { params: { name } }),
  })
  if (role.isPending) return <Waiting />
  if (role.error) return <ProblemPage error={role.error} onRetry={() => void role.refetch()} />
  return (
    <Stack>
      <PageTitle title={role.data.name} />
      <AdministrationNav />
      <RoleForm
        key={`${name} ${ended.count}`}
        role={role.data}
        isSaved={ended.isSaved}
        onReload={() => role.refetch()}
        onEnd={(isSaved) => setEnded({ count: ended.count + 1, isSaved })}
      />
    </Stack>
  )
}

/** With the version that it was begun with: whoever changed more since is not overwritten unasked. */
type Form = Pick<Role, 'permissions' | 'mfa' | 'version'>
type FormProps = {
  role: Role
  isSaved: boolean
  onReload: () => Promise<{ data?: Role | undefined }>
  onEnd: (isSaved: boolean) => void
}

function RoleForm({ role, isSaved, onReload, onEnd }: FormProps) {
  const words = useAdministratorWords()
  const user = useUser()
  const known = useQueryClient()
  const roles = useRoles()
  const draft = useDraft<Form>(`role ${role.name}`, {
    permissions: role.permissions,
    mfa: role.mfa,
    version: role.version,
  })
  const [theirs, setTheirs] = useState<Role>()
  const [filter, setFilter] = useState('')
  const { permissions, mfa, version } = draft.value
  const mayWrite = may(user, 'roles:write')
  const save = useMutation({
    mutationFn: (at: number) =>
      call(roleApi.write, { params: { name: role.name }, body: { permissions, mfa } }, { version: at }),
    onSuccess: (saved) => {
      draft.forget()
      known.setQueryData(['roles', 'one', role.name], saved)
      onEnd(true)
      return known.invalidateQueries({ queryKey: ['roles'] })
    },
    onError: async (error) => {
      if (problemOf(error).kind.code === 'stale_version') setTheirs((await onReload()).data)
    },
  })
  // Whatever any role of the house may do can be given.
  const all = [...new Set([...(roles.data ?? []).flatMap((other) => other.permissions), ...permissions])]
  const names = [...new Set(all.map((permission) => permission.split(':').slice(0, 2).join(':')))]
    .filter((name) => name.includes(filter.trim().toLowerCase()))
    .sort()
  const toggle = (permission: string) =>
    draft.change({
      permissions: permissions.includes(permission)
        ? permissions.filter((held) => held !== permission)
        : [...permissions, permission],
    })
  const added = (mine: readonly string[], other: readonly string[]) =>
    mine.filter((permission) => !other.includes(permission)).join(', ')
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
            words={words}
            fields={[
              {
                label: words.permission,
                theirs: added(theirs.permissions, permissions),
                mine: added(permissions, theirs.permissions),
              },
              { label: words.mfa, theirs: words.mfa_choices[theirs.mfa], mine: words.mfa_choices[mfa] },
            ]}
            isPending={save.isPending}
            onTheirs={() => {
              draft.forget()
              onEnd(false)
            }}
            onMine={() => save.mutate(theirs.version)}
          />
        ) : (
          save.error && <ProblemAlert error={save.error} />
        )}
        {isSaved && (
          <Alert color="ward" role="status">
            {words.saved}
          </Alert>
        )}
        <Group align="flex-end">
          <NativeSelect
            label={words.mfa}
            value={mfa}
            onChange={(event) => draft.change({ mfa: event.currentTarget.value as Role['mfa'] })}
            data={Object.entries(words.mfa_choices).map(([value, label]) => ({ value, label }))}
            disabled={!mayWrite}
          />
          <TextInput
            type="search"
            label={words.filter}
            value={filter}
            onChange={(event) => setFilter(event.currentTarget.value)}
            onKeyDown={(event) => event.key === 'Enter' && event.preventDefault()}
          />
          {mayWrite && (
            <Button type="submit" loading={save.isPending}>
              {words.save}
            </Button>
          )}
        </Group>
        <div role="region" aria-label={words.table} tabIndex={0} style={{ overflowX: 'auto' }}>
          <Table striped>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{words.permission}</Table.Th>
                {scopes.map((scope) => (
                  <Table.Th key={scope}>{words.scopes[scope]}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {names.map((name) => (
                <Table.Tr key={name}>
                  <Table.Th scope="row" fw={400}>
                    {name}
                  </Table.Th>
                  {scopes.map((scope) => {
                    const permission = scope === 'all' ? name : `${name}:${scope}`
                    return (
                      <Table.Td key={scope}>
                        <Checkbox
                          aria-label={words.scope_of(name, words.scopes[scope])}
                          checked={permissions.includes(permission)}
                          onChange={() => toggle(permission)}
                          disabled={!mayWrite}
                        />
                      </Table.Td>
                    )
                  })}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      </Stack>
    </form>
  )
}
