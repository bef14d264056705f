// The roles of the house, and making another one.
import { Badge, Button, Group, Modal, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { may, useUser } from '../connection/use-session.ts'
import { roleApi } from '#contracts/identity/role'
import { RoleName } from '#contracts/identity/user'
import { RowLink } from '../frame/link-button.tsx'
import { Sign } from '../frame/mark.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { Row, RowList } from '../frame/section.tsx'
import { ProblemAlert } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { AdministrationNav, useAdministratorWords, useRoles } from './administration.tsx'

export function RolesPage() {
  const words = useAdministratorWords()
  const user = useUser()
  const roles = useRoles()
  return (
    <Stack>
      <Group justify="space-between">
        <PageTitle title={words.roles} />
        {may(user, 'roles:write') && <NewRole />}
      </Group>
      <AdministrationNav />
      <Text maw={720}>{words.roles_text}</Text>
      <RowList
        of={{ ...roles, items: roles.data ?? [] }}
        label={words.roles}
        none=""
        row={({ name, permissions, is_builtin }) => (
          <Row key={name}>
            <Group justify="space-between" gap="xs">
              <RowLink to={addresses.role} params={{ name }}>
                {name}
              </RowLink>
              <Group gap="xs">
                <Text size="sm" c="dimmed">
                  {words.permissions(permissions.length)}
                </Text>
                {is_builtin && (
                  <Badge variant="light" color="gray" tt="none">
                    {words.builtin}
                  </Badge>
                )}
              </Group>
            </Group>
          </Row>
        )}
      />
    </Stack>
  )
}

function NewRole() {
  const words = useAdministratorWords()
  const { frame } = useWords()
  const known = useQueryClient()
  const navigate = useNavigate()
  const roles = useRoles()
  const [isOpen, setOpen] = useState(false)
  const [name, setName] = useState('')
  const [model, setModel] = useState('')
  const make = useMutation({
    mutationFn: () =>
      call(roleApi.write, {
        params: { name },
        body: { permissions: roles.data?.find((role) => role.name === model)?.permissions ?? [] },
      }),
    onSuccess: async () => {
      await known.invalidateQueries({ queryKey: ['roles'] })
      await navigate({ to: addresses.role, params: { name } })
    },
  })
  // Writing one that there is would replace what it may do.
  const isTaken = roles.data?.some((role) => role.name === name) ?? true
  const isFit = RoleName.safeParse(name).success && !isTaken
  return (
    <>
      <Button leftSection={<Sign name="plus" />} onClick={() => setOpen(true)}>
        {words.new_role}
      </Button>
      <Modal
        opened={isOpen}
        onClose={() => setOpen(false)}
        title={words.new_role}
        closeButtonProps={{ 'aria-label': frame.close }}
      >
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault()
            if (isFit && !make.isPending) make.mutate()
          }}
        >
          <Stack>
            {make.error && <ProblemAlert error={make.error} />}
            <TextInput
              label={words.role_name}
              description={words.role_name_help}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              autoComplete="off"
              data-autofocus
            />
            <NativeSelect
              label={words.copy_of}
              value={model}
              onChange={(event) => setModel(event.currentTarget.value)}
              data={[{ value: '', label: '–' }, ...(roles.data ?? []).map((role) => role.name)]}
            />
            <Button type="submit" disabled={!isFit} loading={make.isPending}>
              {words.make}
            </Button>
          </Stack>
        </form>
      </Modal>
    </>
  )
}
