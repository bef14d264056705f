// What a role may do: a permission a line, a column for how far it reaches.
import { Button, Checkbox, Group, NativeSelect, Stack, Table, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { type Ending, useBeginning, VersionedForm } from '../conflict/versioned-form.tsx'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { may, useUser } from '../connection/use-session.ts'
import { type Role, roleApi } from '#contracts/identity/role'
import { PageTitle } from '../frame/page-title.tsx'
import { ProblemPage, WaitingPage } from '../frame/states.tsx'
import { AdministrationNav, useAdministratorWords, useRoles } from './administration.tsx'

const route = getRouteApi(`/closed${addresses.role}`)
const scopes = ['all', 'department', 'own'] as const

export function RolePage() {
  const { name } = route.useParams()
  const { count, ...ending } = useBeginning()
  const role = useQuery({
    queryKey: ['roles', 'one', name],
    queryFn: () => call(roleApi.read, { params: { name } }),
  })
  if (role.isPending) return <WaitingPage />
  if (role.error) return <ProblemPage error={role.error} />
  return (
    <Stack>
      <PageTitle title={role.data.name} />
      <AdministrationNav />
      <RoleForm key={`${name} ${count}`} role={role.data} {...ending} />
    </Stack>
  )
}

/** With the version that it was begun with: whoever changed more since is not overwritten unasked. */
type Form = Pick<Role, 'permissions' | 'mfa' | 'version'>

function RoleForm({ role, ...ending }: Ending & { role: Role }) {
  const words = useAdministratorWords()
  const user = useUser()
  const known = useQueryClient()
  const roles = useRoles()
  const draft = useDraft<Form>(`role ${role.name}`, {
    permissions: role.permissions,
    mfa: role.mfa,
    version: role.version,
  })
  const [filter, setFilter] = useState('')
  const { permissions, mfa, version } = draft.value
  const mayWrite = may(user, 'roles:write')
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
  const params = { name: role.name }
  return (
    <VersionedForm
      {...ending}
      version={version}
      draft={draft}
      saved={words.saved}
      read={() => call(roleApi.read, { params })}
      send={async (over_version) => {
        const saved = await call(roleApi.write, { params, body: { permissions, mfa } }, { version: over_version })
        void known.invalidateQueries({ queryKey: ['roles'] })
        return saved
      }}
      keep={(now) => known.setQueryData(['roles', 'one', role.name], now)}
      differing={(theirs) => [
        {
          label: words.permission,
          theirs: added(theirs.permissions, permissions),
          mine: added(permissions, theirs.permissions),
        },
        { label: words.mfa, theirs: words.mfa_choices[theirs.mfa], mine: words.mfa_choices[mfa] },
      ]}
    >
      {({ isPending }) => (
        <>
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
              <Button type="submit" loading={isPending}>
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
        </>
      )}
    </VersionedForm>
  )
}
