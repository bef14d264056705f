// The draft of a note: kept as it is typed, until it is signed.
import { Button, Group, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { problemOf } from '../connection/problem-of.ts'
import { type Kept, useAutosave } from '../connection/use-autosave.ts'
import { type Note, noteApi, type ShownContent } from '#contracts/chart/note'
import { ProblemAlert } from '../frame/states.tsx'
import { useChartWords } from '../read-chart/words.ts'
import { useVisitWords } from '../see-patient/words.ts'
import { ChooseVersion, KeptLine } from './kept-line.tsx'
import { NoteFields, type Typed, typedOf } from './note-fields.tsx'
import { NoteText } from './signed-note.tsx'

const keptOf = (note: Note): Kept<Typed> => ({ content: typedOf(note.content), version: note.version })
/** As it is read: what is empty is left out. */
const shownOf = (typed: Typed): ShownContent => ({ ...typed })

export function NoteEditor({ note }: { note: Note }) {
  const words = useVisitWords()
  const { codes } = useChartWords()
  const known = useQueryClient()
  const params = { note_id: note.id }
  /** What the list of the visit shows is what was kept last. */
  const learn = (now: Note) => {
    known.setQueryData<Note[]>(['notes', 'visit', note.visit_id], (all) =>
      all?.map((one) => (one.id === now.id ? now : one)),
    )
    return keptOf(now)
  }
  const { content, state, error, other, change, keepMine, takeOther, flush, forget } = useAutosave<Typed>({
    name: `note ${note.id}`,
    kept: keptOf(note),
    save: async (typed, version) => learn(await call(noteApi.save, { params, body: { content: typed } }, { version })),
    read: async () => keptOf(await call(noteApi.get, { params })),
  })
  const sign = useMutation({
    mutationFn: async () => call(noteApi.sign, { params }, { version: await flush() }),
    onSuccess(signed) {
      forget()
      learn(signed)
    },
    onSettled: () =>
      Promise.all([
        known.invalidateQueries({ queryKey: ['notes'] }),
        known.invalidateQueries({ queryKey: ['timeline', note.patient_id] }),
      ]),
  })
  const refusal = sign.error ? problemOf(sign.error).kind.code : undefined
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (!sign.isPending) sign.mutate()
      }}
    >
      <Stack gap="sm">
        <Title order={3} size="h5">
          {words.draft_of(codes[note.kind] ?? note.kind)}
        </Title>
        {other && (
          <ChooseVersion
            mine={<NoteText content={shownOf(content)} />}
            other={<NoteText content={shownOf(other.content)} />}
            onMine={keepMine}
            onOther={takeOther}
          />
        )}
        <NoteFields kind={note.kind} typed={content} onType={change} />
        <KeptLine state={state} error={error} />
        {refusal === 'note_empty' ? (
          <Text role="alert" c="var(--mantine-color-error)">
            {words.empty}
          </Text>
        ) : (
          sign.error && refusal !== 'stale_version' && <ProblemAlert error={sign.error} />
        )}
        <Group justify="space-between">
          <Text size="xs" c="dimmed" maw={380}>
            {words.sign_hint}
          </Text>
          <Button type="submit" loading={sign.isPending} disabled={other !== undefined}>
            {words.sign}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
