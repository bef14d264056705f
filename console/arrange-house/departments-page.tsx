// The departments: opening, renaming, closing them.
import { Badge, Button, Group, Modal, Stack, Switch, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { messagesByMember, problemOf } from '../connection/problem-of.ts'
import { type Department, departmentApi } from '#contracts/departments/department'
import { Sign } from '../frame/mark.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { Row, RowList } from '../frame/section.tsx'
import { ProblemAlert } from '../frame/states.tsx'
import { AdministrationNav, useAdministratorWords, useDepartments } from '../look-after-accounts/administration.tsx'
import { BothVersions } from '../conflict/both-versions.tsx'
import { useWords } from '../words/words.tsx'
import { useHouseWords } from './house-words.ts'

export function DepartmentsPage() {
  const { departments: title } = useAdministratorWords()
  const words = useHouseWords()
  const { frame } = useWords()
  const departments = useDepartments()
  const [open, setOpen] = useState<Department | 'new'>()
  return (
    <Stack>
      <Group justify="space-between">
        <PageTitle title={title} />
        <Button leftSection={<Sign name="plus" />} onClick={() => setOpen('new')}>
          {words.new_department}
        </Button>
      </Group>
      <AdministrationNav />
      <RowList
        of={{ ...departments, items: departments.data ?? [] }}
        label={title}
        none={words.departments_none}
        row={(department) => (
          <Row key={department.id}>
            <Group justify="space-between" gap="xs" wrap="nowrap">
              <div style={{ minWidth: 0 }}>
                <Text fw={600} className="name">
                  {department.name}
                </Text>
                <Text size="sm" c="dimmed">
                  {department.code}
                </Text>
              </div>
              <Group gap="xs" wrap="nowrap">
                {!department.is_active && (
                  <Badge variant="light" color="gray" tt="none">
                    {words.closed}
                  </Badge>
                )}
                <Button
                  size="compact-sm"
                  variant="default"
                  aria-label={words.change_of(department.name)}
                  onClick={() => setOpen(department)}
                >
                  {words.change}
                </Button>
              </Group>
            </Group>
          </Row>
        )}
      />
      <Modal
        opened={open !== undefined}
        onClose={() => setOpen(undefined)}
        title={open === 'new' ? words.new_department : open && words.change_of(open.name)}
        closeButtonProps={{ 'aria-label': frame.close }}
      >
        {open && <DepartmentForm department={open === 'new' ? undefined : open} onDone={() => setOpen(undefined)} />}
      </Modal>
    </Stack>
  )
}

const formOf = (department: Department | undefined) => ({
  name: department?.name ?? '',
  code: department?.code ?? '',
  is_active: department?.is_active ?? true,
  version: department?.version,
})

function DepartmentForm({ department, onDone }: { department: Department | undefined; onDone: () => void }) {
  const words = useHouseWords()
  const administrator = useAdministratorWords()
  const { members } = useWords()
  const known = useQueryClient()
  const draft = useDraft(`department ${department?.id}`, formOf(department))
  const [theirs, setTheirs] = useState<Department>()
  // With the version that it was begun with: whoever changed more since is not overwritten unasked.
  const { name, code, is_active, version: begun_with } = draft.value
  const send = useMutation({
    mutationFn: (version: number | undefined) =>
      department
        ? call(
            departmentApi.update,
            { params: { department_id: department.id }, body: { name, code, is_active } },
            version === undefined ? {} : { version },
          )
        : call(departmentApi.create, { body: { name, code } }),
    onSuccess: () => {
      draft.forget()
      onDone()
    },
    onError: async (error) => {
      if (!department || problemOf(error).kind.code !== 'stale_version') return
      setTheirs(await call(departmentApi.read, { params: { department_id: department.id } }))
    },
    onSettled: () => known.invalidateQueries({ queryKey: ['departments'] }),
  })
  const messages = messagesByMember(send.error ? problemOf(send.error) : undefined, members)
  const openness = (isOpen: boolean) => (isOpen ? words.is_open : words.closed)
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (!send.isPending) send.mutate(begun_with)
      }}
    >
      <Stack>
        {theirs ? (
          <BothVersions
            fields={[
              { label: words.name, theirs: theirs.name, mine: name },
              { label: words.code, theirs: theirs.code, mine: code },
              { label: administrator.state, theirs: openness(theirs.is_active), mine: openness(is_active) },
            ]}
            isPending={send.isPending}
            onTheirs={() => {
              draft.forget()
              onDone()
            }}
            onMine={() => send.mutate(theirs.version)}
          />
        ) : (
          send.error && Object.keys(messages).length === 0 && <ProblemAlert error={send.error} />
        )}
        <TextInput
          label={words.name}
          value={name}
          error={messages['name']}
          onChange={(event) => draft.change({ name: event.currentTarget.value })}
          autoComplete="off"
          required
          data-autofocus
        />
        <TextInput
          label={words.code}
          description={words.code_help}
          value={code}
          error={messages['code']}
          onChange={(event) => draft.change({ code: event.currentTarget.value.toUpperCase() })}
          autoComplete="off"
          required
        />
        {department && (
          <Switch
            label={words.is_open}
            checked={is_active}
            onChange={(event) => draft.change({ is_active: event.currentTarget.checked })}
          />
        )}
        <Group justify="flex-end">
          <Button type="submit" loading={send.isPending}>
            {department ? words.save : words.add}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
