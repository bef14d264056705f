// How urgent a visit is, and why somebody came. Where another was quicker both versions are shown, and the person chooses.
import { Button, Group, Select, Stack, Textarea } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { BothVersions } from '../conflict/both-versions.tsx'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { problemOf } from '../connection/problem-of.ts'
import { ProblemAlert } from '../frame/states.tsx'
import { type Visit, visitApi } from '#contracts/visits/visit'
import { useNurseWords } from '../words/nurse.ts'
import { useWords } from '../words/words.tsx'

const priorities = [1, 2, 3, 4, 5]
type Typed = { priority: number; chief_complaint: string }
const typedOf = ({ priority, chief_complaint }: Visit): Typed => ({ priority, chief_complaint: chief_complaint ?? '' })

export function ChangeVisit({ visit }: { visit: Visit }) {
  const { visit: words, board } = useNurseWords()
  const { frame } = useWords()
  const known = useQueryClient()
  /** What is typed, and the version that it was typed over; nothing while it is not being changed. */
  const draft = useDraft<{ typed?: (Typed & { version: number }) | undefined }>(`visit ${visit.id}`, {})
  const { typed } = draft.value
  const setTyped = (next?: Typed & { version: number }) => draft.change({ typed: next })
  const save = useMutation({
    mutationFn: ({ priority, chief_complaint, version }: Typed & { version: number }) =>
      call(
        visitApi.change,
        {
          params: { visit_id: visit.id },
          body: {
            doctor_id: visit.doctor_id,
            type: visit.type,
            priority,
            chief_complaint: chief_complaint.trim() || null,
          },
        },
        { version },
      ),
    onSuccess: () => setTyped(),
    onSettled: () =>
      Promise.all([['board'], ['visit', visit.id]].map((queryKey) => known.invalidateQueries({ queryKey }))),
  })
  if (!typed) {
    return (
      <Group>
        <Button variant="default" onClick={() => setTyped({ ...typedOf(visit), version: visit.version })}>
          {words.change}
        </Button>
      </Group>
    )
  }
  const isStale = save.error && problemOf(save.error).kind.code === 'stale_version'
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate(typed)
      }}
    >
      <Stack gap="sm">
        <Select
          label={words.priority}
          description={board.priority_help}
          data={priorities.map((value) => ({ value: String(value), label: board.priority(value) }))}
          value={String(typed.priority)}
          onChange={(value) => setTyped({ ...typed, priority: Number(value) })}
          allowDeselect={false}
          data-autofocus
        />
        <Textarea
          label={words.complaint}
          value={typed.chief_complaint}
          onChange={(event) => setTyped({ ...typed, chief_complaint: event.currentTarget.value })}
          maxLength={500}
          autosize
          minRows={2}
        />
        {isStale ? (
          <BothVersions
            words={{
              conflict: words.changed_meanwhile,
              mine: words.yours,
              theirs: words.theirs,
              keep_mine: words.keep_yours,
              take_theirs: words.take_theirs,
              empty: words.no_complaint,
            }}
            fields={[
              { label: words.priority, mine: board.priority(typed.priority), theirs: board.priority(visit.priority) },
              { label: words.complaint, mine: typed.chief_complaint, theirs: visit.chief_complaint ?? '' },
            ]}
            onMine={() => save.mutate({ ...typed, version: visit.version })}
            onTheirs={() => setTyped()}
            isPending={save.isPending}
          />
        ) : (
          save.error && <ProblemAlert error={save.error} />
        )}
        {!isStale && (
          <Group>
            <Button type="submit" loading={save.isPending}>
              {words.save}
            </Button>
            <Button variant="default" onClick={() => setTyped()}>
              {frame.cancel}
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  )
}
