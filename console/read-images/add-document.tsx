// Adding a file to a visit, and so to the record of its patient.
import { Button, FileInput, Group, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { sendFile } from '../connection/file.ts'
import { may, useUser } from '../connection/use-session.ts'
import { type Document, documentApi, DocumentKind } from '#contracts/documents/document'
import { ProblemAlert } from '../frame/states.tsx'
import { useChartWords } from '../read-chart/words.ts'
import { useWords } from '../words/words.tsx'
import { useRadiologyWords } from './words.ts'

export function AddDocument({ visit_id, onAdded }: { visit_id: string; onAdded?: (document_id: string) => void }) {
  const words = useRadiologyWords()
  const { codes } = useChartWords()
  const { frame } = useWords()
  const user = useUser()
  const known = useQueryClient()
  const [file, setFile] = useState<File | null>(null)
  const [title, setTitle] = useState('')
  const [kind, setKind] = useState<string>('image')
  const add = useMutation({
    mutationFn: async (chosen: File) => {
      const form = new FormData()
      form.append('kind', kind)
      form.append('title', title.trim())
      form.append('file', chosen)
      return (await sendFile(documentApi.uploadToVisit.path.replace('{visit_id}', visit_id), form)) as Document
    },
    onSuccess({ id }) {
      setFile(null)
      setTitle('')
      onAdded?.(id)
    },
    onSettled: () => known.invalidateQueries({ queryKey: ['documents'] }),
  })
  if (!may(user, 'documents:write')) return null
  // Not a form of its own: it stands within one.
  return (
    <Stack gap="xs">
      <Text fw={600} size="sm">
        {words.add}
      </Text>
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        <FileInput
          label={words.add_file}
          value={file}
          onChange={setFile}
          clearable
          clearButtonProps={{ 'aria-label': frame.cancel }}
          placeholder="…"
        />
        <TextInput
          label={words.add_title}
          value={title}
          onChange={(event) => setTitle(event.currentTarget.value)}
          maxLength={200}
        />
        <Select
          label={words.add_kind}
          data={DocumentKind.options.map((value) => ({ value, label: codes[value] ?? value }))}
          value={kind}
          onChange={(value) => value && setKind(value)}
          allowDeselect={false}
        />
      </SimpleGrid>
      <Text size="xs" c="dimmed">
        {words.add_help}
      </Text>
      {add.error && <ProblemAlert error={add.error} />}
      <Group>
        <Button
          variant="default"
          disabled={file === null || title.trim() === ''}
          loading={add.isPending}
          onClick={() => file && add.mutate(file)}
        >
          {words.add_submit}
        </Button>
        <Text size="sm" role="status">
          {add.data ? (add.data.status === 'clean' ? words.added : words.added_waits) : ''}
        </Text>
      </Group>
    </Stack>
  )
}
