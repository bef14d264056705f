// Rooms, beds and equipment: what there is, in which state, and taking more of it into use.
import { Badge, Button, Group, Modal, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { usePages } from '../connection/pages.ts'
import { type Resource, resourceApi, ResourceStatus, ResourceType, SettableStatus } from '#contracts/resources/resource'
import { Sign } from '../frame/mark.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { Row, RowList } from '../frame/section.tsx'
import { ProblemAlert } from '../frame/states.tsx'
import { AdministrationNav, useAdministratorWords, useDepartments } from '../look-after-accounts/administration.tsx'
import { useWords } from '../words/words.tsx'
import { useHouseWords } from './house-words.ts'
import { ResourceForm } from './resource-form.tsx'
import type { ResourceSearch } from './routes.ts'

const route = getRouteApi(`/closed${addresses.resources}`)
const colors = {
  available: 'ward',
  occupied: 'blue',
  reserved: 'blue',
  cleaning: 'yellow',
  maintenance: 'yellow',
  retired: 'gray',
} as const

/** Of an address that somebody typed, only what there is. */
const oneOf = <T extends string>(options: readonly T[], text: string | undefined) =>
  options.find((option) => option === text)

export function ResourcesPage() {
  const { resources: title } = useAdministratorWords()
  const words = useHouseWords()
  const { frame } = useWords()
  const navigate = useNavigate()
  const search = route.useSearch()
  const [open, setOpen] = useState<Resource | 'new'>()
  const list = usePages(['resources', search], (cursor) =>
    call(resourceApi.list, {
      query: {
        limit: '50',
        cursor,
        type: oneOf(ResourceType.options, search.type),
        status: oneOf(ResourceStatus.options, search.status),
        ward: search.ward,
      },
    }),
  )
  const narrow = (part: ResourceSearch) => void navigate({ to: addresses.resources, search: { ...search, ...part } })
  return (
    <Stack>
      <Group justify="space-between">
        <PageTitle title={title} />
        <Button leftSection={<Sign name="plus" />} onClick={() => setOpen('new')}>
          {words.new_resource}
        </Button>
      </Group>
      <AdministrationNav />
      <Group align="flex-end" gap="sm">
        <NativeSelect
          label={words.kind}
          value={search.type ?? ''}
          onChange={(event) => narrow({ type: event.currentTarget.value || undefined })}
          data={[
            { value: '', label: words.any },
            ...ResourceType.options.map((value) => ({ value, label: words.kinds[value] })),
          ]}
        />
        <NativeSelect
          label={words.state}
          value={search.status ?? ''}
          onChange={(event) => narrow({ status: event.currentTarget.value || undefined })}
          data={[
            { value: '', label: words.any },
            ...ResourceStatus.options.map((value) => ({ value, label: words.states[value] })),
          ]}
        />
        <TextInput
          label={words.ward}
          defaultValue={search.ward ?? ''}
          onBlur={(event) => narrow({ ward: event.currentTarget.value.trim() || undefined })}
          onKeyDown={(event) => {
            if (event.key === 'Enter') narrow({ ward: event.currentTarget.value.trim() || undefined })
          }}
          maxLength={80}
        />
      </Group>
      <Text role="status" size="sm" c="dimmed">
        {list.isSuccess ? words.count(list.total) : ''}
      </Text>
      <RowList
        of={list}
        label={title}
        none={words.resources_none}
        row={(resource) => <ResourceRow key={resource.id} resource={resource} onChange={() => setOpen(resource)} />}
      />
      <Modal
        opened={open !== undefined}
        onClose={() => setOpen(undefined)}
        title={open === 'new' ? words.new_resource : open && words.change_of(open.name)}
        closeButtonProps={{ 'aria-label': frame.close }}
      >
        {open && <ResourceForm resource={open === 'new' ? undefined : open} onDone={() => setOpen(undefined)} />}
      </Modal>
    </Stack>
  )
}

function ResourceRow({ resource, onChange }: { resource: Resource; onChange: () => void }) {
  const words = useHouseWords()
  const known = useQueryClient()
  const departments = useDepartments()
  const { id, name, code, status, lanes } = resource
  const set = useMutation({
    mutationFn: (wanted: SettableStatus) =>
      call(
        resourceApi.setStatus,
        { params: { resource_id: id }, body: { status: wanted } },
        { version: resource.version },
      ),
    onSettled: () => known.invalidateQueries({ queryKey: ['resources'] }),
  })
  const department = departments.data?.find((one) => one.id === resource.department_id)?.name
  return (
    <Row>
      <Group justify="space-between" gap="xs">
        <div style={{ minWidth: 0 }}>
          <Text fw={600} className="name">
            {name}
          </Text>
          <Text size="sm" c="dimmed" className="name">
            {[code, words.kinds[resource.type], resource.ward, department, resource.location]
              .filter(Boolean)
              .join(' · ')}
          </Text>
        </div>
        <Group gap="xs">
          {lanes > 1 && <Text size="sm">{words.free(resource.free_lanes, lanes)}</Text>}
          <Badge variant="light" color={colors[status]} tt="none">
            {words.states[status]}
          </Badge>
          <NativeSelect
            aria-label={words.set_state(name)}
            size="xs"
            value=""
            onChange={(event) => event.currentTarget.value && set.mutate(event.currentTarget.value as SettableStatus)}
            data={[
              { value: '', label: words.keep_state },
              ...SettableStatus.options
                .filter((value) => value !== status)
                .map((value) => ({ value, label: words.states[value] })),
            ]}
          />
          <Button size="compact-sm" variant="default" aria-label={words.change_of(name)} onClick={onChange}>
            {words.change}
          </Button>
        </Group>
      </Group>
      {set.error && <ProblemAlert error={set.error} />}
    </Row>
  )
}
