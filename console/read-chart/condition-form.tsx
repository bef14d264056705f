// Recording a diagnosis, and what became of it.
import { Alert, Button, Group, Modal, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { messagesByMember, problemOf } from '../connection/problem-of.ts'
import { type ClinicalStatus, type Condition, conditionApi } from '#contracts/chart/condition'
import { ProblemAlert } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { useChartWords } from './words.ts'

type Typed = {
  text: string
  icd10_code: string
  clinical_status: ClinicalStatus
  onset_date: string
  resolved_date: string
}
type ConditionFormProps = { patient_id: string; condition: Condition | undefined; onClose: () => void }
const hasEnd = (status: ClinicalStatus) => ['inactive', 'remission', 'resolved'].includes(status)

export function ConditionForm({ patient_id, condition, onClose }: ConditionFormProps) {
  const words = useChartWords()
  const { frame, members } = useWords()
  const known = useQueryClient()
  const [version, setVersion] = useState(condition?.version)
  const { value, change, forget } = useDraft<Typed>(`condition ${patient_id} ${condition?.id ?? 'new'}`, {
    text: condition?.text ?? '',
    icd10_code: condition?.icd10_code ?? '',
    clinical_status: condition?.clinical_status ?? 'active',
    onset_date: condition?.onset_date ?? '',
    resolved_date: condition?.resolved_date ?? '',
  })
  const done = async () => {
    forget()
    await Promise.all(['conditions', 'timeline'].map((key) => known.invalidateQueries({ queryKey: [key, patient_id] })))
    onClose()
  }
  const one = { patient_id, condition_id: condition?.id ?? '' }
  const send = useMutation({
    mutationFn: () => {
      const body = {
        text: value.text,
        icd10_code: value.icd10_code.trim().toUpperCase() || null,
        clinical_status: value.clinical_status,
        onset_date: value.onset_date || null,
        resolved_date: (hasEnd(value.clinical_status) && value.resolved_date) || null,
      }
      return condition
        ? call(conditionApi.replace_condition, { params: one, body }, version === undefined ? {} : { version })
        : call(conditionApi.add_condition, { params: { patient_id }, body })
    },
    onSuccess: done,
    async onError(error) {
      if (condition && problemOf(error).kind.code === 'stale_version')
        setVersion((await call(conditionApi.get_condition, { params: one })).version)
    },
  })
  const remove = useMutation({
    mutationFn: () => call(conditionApi.remove_condition, { params: one }, version === undefined ? {} : { version }),
    onSuccess: done,
  })
  const problem = send.error ? problemOf(send.error) : undefined
  const wrong = messagesByMember(problem, members)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!send.isPending) send.mutate()
  }
  return (
    <Modal
      opened
      onClose={onClose}
      title={condition ? words.kinds.condition : words.add_condition}
      closeButtonProps={{ 'aria-label': frame.close }}
    >
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput
            label={words.diagnosis}
            value={value.text}
            onChange={(event) => change({ text: event.currentTarget.value })}
            error={wrong['text']}
            maxLength={500}
            required
            withAsterisk={false}
            data-autofocus
          />
          <TextInput
            label={words.icd10}
            description={words.icd10_help}
            value={value.icd10_code}
            onChange={(event) => change({ icd10_code: event.currentTarget.value })}
            error={wrong['icd10_code']}
            maxLength={10}
          />
          <Select
            label={words.status}
            data={Object.entries(words.clinical_statuses).map(([code, label]) => ({ value: code, label }))}
            value={value.clinical_status}
            onChange={(status) => status && change({ clinical_status: status as ClinicalStatus })}
            allowDeselect={false}
          />
          <SimpleGrid cols={2}>
            <TextInput
              type="date"
              label={words.onset}
              value={value.onset_date}
              onChange={(event) => change({ onset_date: event.currentTarget.value })}
              error={wrong['onset_date']}
            />
            {hasEnd(value.clinical_status) && (
              <TextInput
                type="date"
                label={words.resolved_on}
                value={value.resolved_date}
                onChange={(event) => change({ resolved_date: event.currentTarget.value })}
                error={wrong['resolved_date']}
              />
            )}
          </SimpleGrid>
          {problem?.kind.code === 'stale_version' ? (
            <Alert color="yellow" role="alert">
              <Text size="sm">{words.changed_meanwhile}</Text>
            </Alert>
          ) : (
            problem && <ProblemAlert error={problem} />
          )}
          {remove.error && <ProblemAlert error={remove.error} />}
          <Group justify="space-between">
            <Button type="submit" loading={send.isPending}>
              {condition ? frame.save : words.record}
            </Button>
            {condition && (
              <Button variant="subtle" color="red" onClick={() => remove.mutate()} loading={remove.isPending}>
                {words.remove}
              </Button>
            )}
          </Group>
          {condition && (
            <Text size="xs" c="dimmed">
              {words.removed_hint}
            </Text>
          )}
        </Stack>
      </form>
    </Modal>
  )
}
