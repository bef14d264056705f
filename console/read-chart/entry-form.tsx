// Recording an entry of the chart, correcting it, and marking it as a mistake. What somebody else has made of it meanwhile is shown
// beside what one has typed, and nothing is sent before one has chosen.
import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useState } from 'react'
import { useDraft } from '../connection/drafts.ts'
import { messagesByMember, problemOf } from '../connection/problem-of.ts'
import { ProblemAlert } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { ChooseVersion } from '../write-note/kept-line.tsx'
import { type FactLine, FactList } from './facts.tsx'
import { useChartWords } from './words.ts'

type Fields<T> = { typed: T; change: (part: Partial<T>) => void; wrong: Partial<Record<string, string>> }

type EntryFormProps<E, T> = {
  title: string
  /** Of the draft in this window. */
  name: string
  patient_id: string
  entry: E | undefined
  /** The list of them, read again when one has changed. */
  list: 'allergies' | 'conditions'
  typedOf: (entry: E | undefined) => T
  add: (typed: T) => Promise<unknown>
  replace: (typed: T, version: number) => Promise<unknown>
  remove: (version: number) => Promise<unknown>
  /** As it stands now. @throws Problem */
  read: () => Promise<E>
  linesOf: (typed: T) => FactLine[]
  fields: (fields: Fields<T>) => ReactNode
  onClose: () => void
}

export function EntryForm<E extends { version: number }, T extends object>(props: EntryFormProps<E, T>) {
  const { title, name, patient_id, entry, list, typedOf, add, replace, remove, read, linesOf, fields, onClose } = props
  const words = useChartWords()
  const { frame, members } = useWords()
  const known = useQueryClient()
  // The version stands in the draft: one that is found again is older than what has been changed since.
  const { value, change, forget } = useDraft(name, { typed: typedOf(entry), version: entry?.version ?? 0 })
  const [now, setNow] = useState(entry)
  const other = now && now.version > value.version ? now : undefined

  const send = useMutation({
    async mutationFn(work: () => Promise<unknown>) {
      try {
        await work()
        return true
      } catch (error) {
        if (problemOf(error).kind.code !== 'stale_version') throw error
        setNow(await read())
        return false
      }
    },
    async onSuccess(isDone) {
      if (!isDone) return
      forget()
      await Promise.all([list, 'timeline'].map((key) => known.invalidateQueries({ queryKey: [key, patient_id] })))
      onClose()
    },
  })
  const problem = send.error ? problemOf(send.error) : undefined
  const type = (part: Partial<T>) => change({ typed: { ...value.typed, ...part } })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!send.isPending && !other) send.mutate(() => (entry ? replace(value.typed, value.version) : add(value.typed)))
  }
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ 'aria-label': frame.close }}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          {other && (
            <ChooseVersion
              mine={<FactList lines={linesOf(value.typed)} />}
              other={<FactList lines={linesOf(typedOf(other))} />}
              onMine={() => change({ version: other.version })}
              onOther={() => change({ typed: typedOf(other), version: other.version })}
            />
          )}
          {fields({ typed: value.typed, change: type, wrong: messagesByMember(problem, members) })}
          {problem && <ProblemAlert error={problem} />}
          <Group justify="space-between">
            <Button type="submit" loading={send.isPending} disabled={other !== undefined}>
              {entry ? frame.save : words.record}
            </Button>
            {entry && (
              <Button
                variant="subtle"
                color="red"
                onClick={() => send.mutate(() => remove(value.version))}
                disabled={other !== undefined || send.isPending}
              >
                {words.remove}
              </Button>
            )}
          </Group>
          {entry && (
            <Text size="xs" c="dimmed">
              {words.removed_hint}
            </Text>
          )}
        </Stack>
      </form>
    </Modal>
  )
}
