// A signed note as it reads, with every version of it.
import { Accordion, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { type Note, noteApi, type NoteVersion, type ShownContent } from '#contracts/chart/note'
import { ReadProblem, Waiting } from '../frame/states.tsx'
import { FactList } from '../read-chart/facts.tsx'
import { useStaffNames } from '../read-chart/known.ts'
import { useChartWords } from '../read-chart/words.ts'
import { useDates } from '../words/dates.ts'

export function SignedNote({ note }: { note: Note }) {
  const words = useChartWords()
  return (
    <Stack gap="xs" w="100%">
      <Text fw={600}>{words.codes[note.kind]}</Text>
      <Version version={note} />
      {note.number > 1 && <Earlier note_id={note.id} current={note.number} />}
    </Stack>
  )
}

function Version({ version }: { version: NoteVersion }) {
  const words = useChartWords()
  const dates = useDates()
  const names = useStaffNames([version.signed_by])
  const name = names.data?.get(version.signed_by ?? '')
  return (
    <Stack gap="xs">
      {version.signed_at && (
        <Text size="sm" c="dimmed" className="name">
          {words.signed_at(dates.short(version.signed_at))} {name && words.by(name)}
        </Text>
      )}
      {version.reason && <Text size="sm">{words.amended_because(version.reason)}</Text>}
      <NoteText content={version.content} />
    </Stack>
  )
}

export function NoteText({ content }: { content: ShownContent }) {
  const words = useChartWords()
  const parts = Object.entries(words.note_parts) as [keyof ShownContent, string][]
  return <FactList lines={parts.map(([part, label]) => [label, content[part]])} />
}

function Earlier({ note_id, current }: { note_id: string; current: number }) {
  const words = useChartWords()
  const versions = useQuery({
    queryKey: ['notes', note_id, 'versions'],
    queryFn: () => call(noteApi.versions, { params: { note_id } }).then(({ items }) => items),
  })
  if (versions.isPending) return <Waiting />
  if (versions.error) return <ReadProblem error={versions.error} />
  return (
    <Accordion variant="contained" chevronPosition="left">
      {versions.data
        .filter(({ number }) => number !== current)
        .toReversed()
        .map((version) => (
          <Accordion.Item key={version.number} value={String(version.number)}>
            <Accordion.Control>{words.version(version.number)}</Accordion.Control>
            <Accordion.Panel>
              <Version version={version} />
            </Accordion.Panel>
          </Accordion.Item>
        ))}
    </Accordion>
  )
}
