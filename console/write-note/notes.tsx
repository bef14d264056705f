// The notes of a visit: what was signed, the drafts of whoever reads, and beginning another one.
import { Button, Group, Menu, Paper, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import { may, useUser } from '../connection/use-session.ts'
import { type Note, noteApi, NoteKind } from '#contracts/chart/note'
import type { Visit } from '#contracts/visits/visit'
import { readAll } from '../day-calendar/day.ts'
import { ProblemAlert, ReadProblem, Waiting } from '../frame/states.tsx'
import { Section } from '../read-chart/section.tsx'
import { useVisitWords } from '../see-patient/words.ts'
import { AmendNote } from './amend-note.tsx'
import { NoteEditor } from './note-editor.tsx'
import { SignedNote } from './signed-note.tsx'

const pageSize = '100'

export function Notes({ visit }: { visit: Visit }) {
  const words = useVisitWords()
  const user = useUser()
  const known = useQueryClient()
  const notes = useQuery({
    queryKey: ['notes', 'visit', visit.id],
    queryFn: () =>
      readAll((cursor) =>
        call(noteApi.listOfVisit, { params: { visit_id: visit.id }, query: { limit: pageSize, cursor } }),
      ),
  })
  const begin = useMutation({
    mutationFn: (kind: Note['kind']) => call(noteApi.create, { params: { visit_id: visit.id }, body: { kind } }),
    onSuccess: (note) =>
      known.setQueryData<Note[]>(['notes', 'visit', visit.id], (all) => (all ? [note, ...all] : [note])),
  })
  const drafts = notes.data?.filter(({ status }) => status === 'draft') ?? []
  const signed = notes.data?.filter(({ status }) => status !== 'draft') ?? []
  const mayWrite = may(user, 'chart:write') && user.patient_id !== visit.patient_id
  return (
    <Section
      title={words.notes}
      action={
        mayWrite && (
          <Group gap="xs">
            <Button size="sm" onClick={() => begin.mutate('soap')} loading={begin.isPending}>
              {words.write.soap}
            </Button>
            <Menu position="bottom-end">
              <Menu.Target>
                <Button size="sm" variant="default" aria-label={words.other_note}>
                  …
                </Button>
              </Menu.Target>
              <Menu.Dropdown>
                {NoteKind.options
                  .filter((kind) => kind !== 'soap')
                  .map((kind) => (
                    <Menu.Item key={kind} onClick={() => begin.mutate(kind)}>
                      {words.write[kind]}
                    </Menu.Item>
                  ))}
              </Menu.Dropdown>
            </Menu>
          </Group>
        )
      }
    >
      <Stack>
        {begin.error && <ProblemAlert error={begin.error} />}
        {notes.isPending && <Waiting />}
        {notes.error && <ReadProblem error={notes.error} />}
        {notes.data?.length === 0 && <Text c="dimmed">{words.no_notes}</Text>}
        {drafts.map((note) => (
          <Paper key={note.id} withBorder p="md">
            <NoteEditor note={note} />
          </Paper>
        ))}
        {signed.map((note) => (
          <OneSigned key={note.id} note={note} mayAmend={mayWrite} />
        ))}
      </Stack>
    </Section>
  )
}

function OneSigned({ note, mayAmend }: { note: Note; mayAmend: boolean }) {
  const words = useVisitWords()
  const [isAmending, setAmending] = useState(false)
  return (
    <Paper withBorder p="md">
      {isAmending ? (
        <AmendNote note={note} onClose={() => setAmending(false)} />
      ) : (
        <Stack align="flex-start" gap="sm">
          <SignedNote note={note} />
          {mayAmend && (
            <Button size="xs" variant="default" onClick={() => setAmending(true)}>
              {words.amend}
            </Button>
          )}
        </Stack>
      )}
    </Paper>
  )
}
