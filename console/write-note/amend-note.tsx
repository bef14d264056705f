// A new version of a signed note, with the reason; the versions before stay as they were signed.
import { Button, Group, Stack, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { messagesByMember, problemOf } from '../connection/problem-of.ts'
import { type Note, noteApi } from '#contracts/chart/note'
import { ProblemAlert } from '../frame/states.tsx'
import { useVisitWords } from '../see-patient/words.ts'
import { useWords } from '../words/words.tsx'
import { ChooseVersion } from './kept-line.tsx'
import { NoteFields, typedOf } from './note-fields.tsx'
import { NoteText } from './signed-note.tsx'

export function AmendNote({ note, onClose }: { note: Note; onClose: () => void }) {
  const words = useVisitWords()
  const { frame, members } = useWords()
  const known = useQueryClient()
  const params = { note_id: note.id }
  const { value, change, forget } = useDraft(`amend ${note.id}`, {
    content: typedOf(note.content),
    reason: '',
    version: note.version,
  })
  const amend = useMutation({
    mutationFn: () =>
      call(
        noteApi.amend,
        { params, body: { content: value.content, reason: value.reason } },
        { version: value.version },
      ),
    async onSuccess() {
      forget()
      await known.invalidateQueries({ queryKey: ['timeline', note.patient_id] })
      onClose()
    },
    // Also after a refusal: what stands there is not what was shown.
    onSettled: () => known.invalidateQueries({ queryKey: ['notes'] }),
  })
  const problem = amend.error ? problemOf(amend.error) : undefined
  const isStale = note.version > value.version
  return (
    // Enter in a field signs nothing: a signature is given by its button.
    <form onSubmit={(event) => event.preventDefault()}>
      <Stack gap="sm">
        {isStale && (
          <ChooseVersion
            mine={<NoteText content={value.content} />}
            other={<NoteText content={note.content} />}
            onMine={() => change({ version: note.version })}
            onOther={() => change({ version: note.version, content: typedOf(note.content) })}
          />
        )}
        <NoteFields
          kind={note.kind}
          typed={value.content}
          onType={(part) => change({ content: { ...value.content, ...part } })}
        />
        <TextInput
          label={words.amend_reason}
          value={value.reason}
          onChange={(event) => change({ reason: event.currentTarget.value })}
          error={messagesByMember(problem, members)['reason']}
          maxLength={500}
          required
          withAsterisk={false}
        />
        {problem && problem.kind.code !== 'stale_version' && <ProblemAlert error={problem} />}
        <Group>
          <Button onClick={() => amend.mutate()} loading={amend.isPending} disabled={isStale}>
            {words.amend_submit}
          </Button>
          <Button
            variant="default"
            onClick={() => {
              forget()
              onClose()
            }}
          >
            {frame.cancel}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
