// Everybody who has an account, and inviting somebody new.
import { Badge, Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { usePages } from '../connection/pages.ts'
import { may, useUser } from '../connection/use-session.ts'
import { type User, userApi } from '#contracts/identity/user'
import { RowLink } from '../frame/link-button.tsx'
import { Sign } from '../frame/mark.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { Row, RowList } from '../frame/section.tsx'
import { useDates } from '../words/dates.ts'
import { AdministrationNav, useAdministratorWords, useDepartments, useRoles } from './administration.tsx'
import { Invite } from './invite.tsx'

const route = getRouteApi(`/closed${addresses.users}`)
const settleMs = 250

export function UsersPage() {
  const words = useAdministratorWords()
  const user = useUser()
  const navigate = useNavigate()
  const search = route.useSearch()
  const roles = useRoles()
  const [typed, setTyped] = useState('')
  const [q] = useDebouncedValue(typed.trim(), settleMs)
  const list = usePages(['users', search, q], (cursor) =>
    call(userApi.list, {
      query: {
        limit: '50',
        cursor,
        role: search.role,
        is_active: search.state && (search.state === 'active' ? 'true' : 'false'),
        q: q || undefined,
      },
    }),
  )
  const narrow = (part: typeof search) => void navigate({ to: addresses.users, search: { ...search, ...part } })
  return (
    <Stack>
      <Group justify="space-between">
        <PageTitle title={words.users} />
        {may(user, 'users:create') && <Invite />}
      </Group>
      <AdministrationNav />
      <Group align="flex-end" gap="sm">
        <TextInput
          type="search"
          label={words.find}
          description={words.find_help}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          leftSection={<Sign name="search" />}
          autoComplete="off"
          spellCheck={false}
          maxLength={100}
          flex="1 1 240px"
        />
        <NativeSelect
          label={words.role}
          value={search.role ?? ''}
          onChange={(event) => narrow({ role: event.currentTarget.value || undefined })}
          data={[{ value: '', label: words.any }, ...(roles.data ?? []).map(({ name }) => name)]}
        />
        <NativeSelect
          label={words.state}
          value={search.state ?? ''}
          onChange={(event) =>
            narrow({ state: (event.currentTarget.value || undefined) as 'active' | 'inactive' | undefined })
          }
          data={[
            { value: '', label: words.any },
            { value: 'active', label: words.states.active },
            { value: 'inactive', label: words.states.inactive },
          ]}
        />
      </Group>
      <Text role="status" size="sm" c="dimmed">
        {list.isSuccess ? words.count(list.total) : ''}
      </Text>
      <RowList of={list} label={words.users} none={words.none} row={(one) => <UserRow key={one.id} user={one} />} />
    </Stack>
  )
}

/** The one thing that is out of the ordinary about an account. */
export function UserState({ user }: { user: User }) {
  const { states } = useAdministratorWords()
  const isLocked = user.locked_until !== null && user.locked_until > new Date().toISOString()
  const [label, color] = user.awaits_approval
    ? [user.email_verified ? states.waiting : states.unproven, 'yellow']
    : !user.is_active
      ? [states.inactive, 'gray']
      : isLocked
        ? [states.locked, 'red']
        : !user.has_password && user.last_login_at === null
          ? [states.invited, 'yellow']
          : [states.active, 'ward']
  return (
    <Badge variant="light" color={color} tt="none" miw="max-content">
      {label}
    </Badge>
  )
}

function UserRow({ user }: { user: User }) {
  const words = useAdministratorWords()
  const dates = useDates()
  const departments = useDepartments()
  const department = departments.data?.find(({ id }) => id === user.department_id)?.name
  return (
    <Row mark={user.awaits_approval ? 'warn' : undefined}>
      <Group justify="space-between" gap="xs" wrap="nowrap" align="flex-start">
        <div style={{ minWidth: 0 }}>
          <RowLink to={addresses.user} params={{ user_id: user.id }}>
            {`${user.first_name} ${user.last_name}`.trim() || user.email}
          </RowLink>
          <Text size="sm" className="name">
            {[user.role, department].filter(Boolean).join(' · ')}
          </Text>
          <Text size="sm" c="dimmed" className="name">
            {user.email} · {user.last_login_at ? words.last_login(dates.short(user.last_login_at)) : words.never}
          </Text>
        </div>
        <UserState user={user} />
      </Group>
    </Row>
  )
}
