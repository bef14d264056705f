// Recording what somebody does not tolerate, and correcting it.
import { Alert, Button, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { messagesByMember, problemOf } from '../connection/problem-of.ts'
import { type Allergy, allergyApi, type AllergySeverity, type NewAllergy } from '#contracts/chart/allergy'
import { ProblemAlert } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { useChartWords } from './words.ts'

type Typed = { substance: string; reaction: string; severity: AllergySeverity; status: NewAllergy['status'] }
type AllergyFormProps = { patient_id: string; allergy: Allergy | undefined; onClose: () => void }

export function AllergyForm({ patient_id, allergy, onClose }: AllergyFormProps) {
  const words = useChartWords()
  const { frame, members } = useWords()
  const known = useQueryClient()
  const [version, setVersion] = useState(allergy?.version)
  const form = useDraft<Typed>(`allergy ${patient_id} ${allergy?.id ?? 'new'}`, {
    substance: allergy?.substance ?? '',
    reaction: allergy?.reaction ?? '',
    severity: allergy?.severity ?? 'moderate',
    status: allergy?.status ?? 'active',
  })
  const done = async () => {
    form.forget()
    await Promise.all(['allergies', 'timeline'].map((key) => known.invalidateQueries({ queryKey: [key, patient_id] })))
    onClose()
  }
  const one = { patient_id, allergy_id: allergy?.id ?? '' }
  const send = useMutation({
    mutationFn: () => {
      const { substance, reaction, severity, status } = form.value
      const coded =
        substance.trim() === allergy?.substance ? { code: allergy.code, code_system: allergy.code_system } : {}
      const body = { substance, reaction: reaction.trim() || null, severity, status, ...coded } as NewAllergy
      return allergy
        ? call(allergyApi.replace_allergy, { params: one, body }, version === undefined ? {} : { version })
        : call(allergyApi.add_allergy, { params: { patient_id }, body })
    },
    onSuccess: done,
    async onError(error) {
      if (allergy && problemOf(error).kind.code === 'stale_version')
        setVersion((await call(allergyApi.get_allergy, { params: one })).version)
    },
  })
  const remove = useMutation({
    mutationFn: () => call(allergyApi.remove_allergy, { params: one }, version === undefined ? {} : { version }),
    onSuccess: done,
  })
  const problem = send.error ? problemOf(send.error) : undefined
  const wrong = messagesByMember(problem, members)
  const isStale = problem?.kind.code === 'stale_version'
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!send.isPending) send.mutate()
  }
  return (
    <Modal
      opened
      onClose={onClose}
      title={allergy ? words.kinds.allergy : words.add_allergy}
      closeButtonProps={{ 'aria-label': frame.close }}
    >
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput
            label={words.substance}
            value={form.value.substance}
            onChange={(event) => form.change({ substance: event.currentTarget.value })}
            error={wrong['substance']}
            maxLength={200}
            required
            withAsterisk={false}
            data-autofocus
          />
          <TextInput
            label={words.reaction}
            value={form.value.reaction}
            onChange={(event) => form.change({ reaction: event.currentTarget.value })}
            maxLength={500}
          />
          <Select
            label={words.severity}
            data={Object.entries(words.severities).map(([value, label]) => ({ value, label }))}
            value={form.value.severity}
            onChange={(value) => value && form.change({ severity: value as AllergySeverity })}
            allowDeselect={false}
          />
          {allergy && (
            <Select
              label={words.status}
              data={Object.entries(words.allergy_statuses).map(([value, label]) => ({ value, label }))}
              value={form.value.status}
              onChange={(value) => value && form.change({ status: value as Typed['status'] })}
              allowDeselect={false}
            />
          )}
          {isStale ? (
            <Alert color="yellow" role="alert">
              <Text size="sm">{words.changed_meanwhile}</Text>
            </Alert>
          ) : (
            problem && <ProblemAlert error={problem} />
          )}
          {remove.error && <ProblemAlert error={remove.error} />}
          <Group justify="space-between">
            <Button type="submit" loading={send.isPending}>
              {allergy ? frame.save : words.record}
            </Button>
            {allergy && (
              <Button variant="subtle" color="red" onClick={() => remove.mutate()} loading={remove.isPending}>
                {words.remove}
              </Button>
            )}
          </Group>
          {allergy && (
            <Text size="xs" c="dimmed">
              {words.removed_hint}
            </Text>
          )}
        </Stack>
      </form>
    </Modal>
  )
}
