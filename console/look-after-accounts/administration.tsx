// What the pages of administration share: their words, the way from one to the other, what fills their choices.
import { useQuery } from '@tanstack/react-query'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import type { Concerns } from '../connection/concerns.ts'
import { useLive } from '../connection/use-live.ts'
import { may, useUser } from '../connection/use-session.ts'
import { departmentApi } from '#contracts/departments/department'
import { roleApi } from '#contracts/identity/role'
import { SectionNav } from '../frame/section.tsx'
import { en } from '../words/administrator.en.ts'
import { es } from '../words/administrator.es.ts'
import { useWordsOf } from '../words/words.tsx'

export function useAdministratorWords() {
  return useWordsOf({ en, es })
}

/** What somebody else changes here is read again at once. */
const concerns: Concerns = {
  'user.*': [['users']],
  'session.ended': [['users']],
  'department.*': [['departments']],
  'resource.*': [['resources']],
}

export function AdministrationNav() {
  useLive(concerns)
  const words = useAdministratorWords()
  const user = useUser()
  return (
    <SectionNav
      label={words.section}
      links={[
        { to: addresses.users, label: words.users, isShown: may(user, 'users:read') },
        { to: addresses.roles, label: words.roles, isShown: may(user, 'roles:read') },
        { to: addresses.schedules, label: words.doctors, isShown: may(user, 'schedules:write') },
        { to: addresses.departments, label: words.departments, isShown: may(user, 'departments:write') },
        { to: addresses.resources, label: words.resources, isShown: may(user, 'resources:write') },
        { to: addresses.import_patients, label: words.imports, isShown: may(user, 'patients:import') },
      ]}
    />
  )
}

export function useRoles() {
  const user = useUser()
  return useQuery({
    queryKey: ['roles'],
    queryFn: () => call(roleApi.list, {}).then(({ items }) => items),
    enabled: may(user, 'roles:read'),
  })
}

export function useDepartments() {
  return useQuery({
    queryKey: ['departments'],
    queryFn: () => call(departmentApi.list, {}).then(({ items }) => items),
  })
}
