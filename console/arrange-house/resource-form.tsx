// Describing a room, a bed or a device.
import { Button, Group, NativeSelect, NumberInput, Stack, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { messagesByMember, problemOf } from '../connection/problem-of.ts'
import { type Resource, resourceApi, ResourceType } from '#contracts/resources/resource'
import { ProblemAlert } from '../frame/states.tsx'
import { useDepartments } from '../look-after-accounts/administration.tsx'
import { BothVersions } from '../conflict/both-versions.tsx'
import { useWords } from '../words/words.tsx'
import { useHouseWords } from './house-words.ts'

type Form = {
  type: ResourceType
  name: string
  code: string
  ward: string
  location: string
  department_id: string
  lanes: number
  /** That it was begun with: whoever changed more since is not overwritten unasked. */
  version: number | undefined
}

const formOf = (resource: Resource | undefined): Form => ({
  type: resource?.type ?? 'bed',
  name: resource?.name ?? '',
  code: resource?.code ?? '',
  ward: resource?.ward ?? '',
  location: resource?.location ?? '',
  department_id: resource?.department_id ?? '',
  lanes: resource?.lanes ?? 1,
  version: resource?.version,
})

export function ResourceForm({ resource, onDone }: { resource: Resource | undefined; onDone: () => void }) {
  const words = useHouseWords()
  const { members } = useWords()
  const known = useQueryClient()
  const departments = useDepartments()
  const draft = useDraft(`resource ${resource?.id}`, formOf(resource))
  const [theirs, setTheirs] = useState<Resource>()
  const form = draft.value
  const send = useMutation({
    mutationFn: (at: Resource | undefined) => {
      const { type, ward, location, department_id, version, ...rest } = form
      const body = {
        ...rest,
        ward: ward.trim() || null,
        location: location.trim() || null,
        department_id: department_id || null,
        // Facts that this form does not show stay.
        attributes: at?.attributes ?? {},
      }
      return at
        ? call(
            resourceApi.replace,
            { params: { resource_id: at.id }, body },
            { version: at === theirs ? at.version : (version ?? at.version) },
          )
        : call(resourceApi.create, { body: { type, ...body } })
    },
    onSuccess: () => {
      draft.forget()
      onDone()
    },
    onError: async (error) => {
      if (!resource || problemOf(error).kind.code !== 'stale_version') return
      setTheirs(await call(resourceApi.get, { params: { resource_id: resource.id } }))
    },
    onSettled: () => known.invalidateQueries({ queryKey: ['resources'] }),
  })
  const messages = messagesByMember(send.error ? problemOf(send.error) : undefined, members)
  const text = (name: 'name' | 'code' | 'ward' | 'location') => ({
    label: words[name],
    value: form[name],
    error: messages[name],
    autoComplete: 'off',
    onChange: (event: { currentTarget: { value: string } }) => draft.change({ [name]: event.currentTarget.value }),
  })
  const departmentName = (id: string | null) =>
    departments.data?.find((one) => one.id === id)?.name ?? words.no_department
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (!send.isPending) send.mutate(resource)
      }}
    >
      <Stack>
        {theirs ? (
          <BothVersions
            fields={[
              { label: words.name, theirs: theirs.name, mine: form.name },
              { label: words.code, theirs: theirs.code, mine: form.code },
              { label: words.ward, theirs: theirs.ward ?? '', mine: form.ward },
              { label: words.location, theirs: theirs.location ?? '', mine: form.location },
              {
                label: words.department,
                theirs: departmentName(theirs.department_id),
                mine: departmentName(form.department_id),
              },
              { label: words.lanes, theirs: String(theirs.lanes), mine: String(form.lanes) },
            ]}
            isPending={send.isPending}
            onTheirs={() => {
              draft.forget()
              onDone()
            }}
            onMine={() => send.mutate(theirs)}
          />
        ) : (
          send.error && Object.keys(messages).length === 0 && <ProblemAlert error={send.error} />
        )}
        {!resource && (
          <NativeSelect
            label={words.kind}
            value={form.type}
            onChange={(event) => draft.change({ type: event.currentTarget.value as ResourceType })}
            data={ResourceType.options.map((value) => ({ value, label: words.kinds[value] }))}
          />
        )}
        <TextInput {...text('name')} required data-autofocus />
        <TextInput {...text('code')} description={words.code_help} required />
        <TextInput {...text('ward')} />
        <TextInput {...text('location')} />
        <NativeSelect
          label={words.department}
          value={form.department_id}
          error={messages['department_id']}
          onChange={(event) => draft.change({ department_id: event.currentTarget.value })}
          data={[
            { value: '', label: words.no_department },
            ...(departments.data ?? []).map(({ id: value, name: label }) => ({ value, label })),
          ]}
        />
        <NumberInput
          label={words.lanes}
          description={words.lanes_help}
          value={form.lanes}
          onChange={(value) => draft.change({ lanes: Number(value) })}
          error={messages['lanes']}
          min={1}
          max={8}
          hideControls
        />
        <Group justify="flex-end">
          <Button type="submit" loading={send.isPending}>
            {resource ? words.save : words.add}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
