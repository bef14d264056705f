// Adding a file of one's own to the record.
import { Button, FileInput, Group, Modal, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { sendFile } from '../connection/file.ts'
import { messagesByMember, problemOf } from '../connection/problem-of.ts'
import { type Document, documentApi, type DocumentKind } from '#contracts/documents/document'
import { ProblemAlert } from '../frame/states.tsx'
import { ownCare } from '../words/own-care.ts'
import { useWords, useWordsOf } from '../words/words.tsx'

/** What a patient brings along; the others are written here. */
const kinds = [
  'report',
  'lab_result',
  'image',
  'referral',
  'insurance',
  'identity',
  'other',
] as const satisfies readonly DocumentKind[]

export function AddOwnDocument({ patient_id }: { patient_id: string }) {
  const { record: words } = useWordsOf(ownCare)
  const { frame } = useWords()
  const [isOpen, setOpen] = useState(false)
  const [added, setAdded] = useState<Document>()
  return (
    <Group>
      <Button variant="default" onClick={() => (setAdded(undefined), setOpen(true))}>
        {words.add_document}
      </Button>
      <Text size="sm" role="status">
        {added ? (added.status === 'clean' ? words.added : words.added_waits) : ''}
      </Text>
      <Modal
        opened={isOpen}
        onClose={() => setOpen(false)}
        title={words.add_document}
        closeButtonProps={{ 'aria-label': frame.close }}
      >
        <AddForm
          patient_id={patient_id}
          onAdded={(document) => {
            setAdded(document)
            setOpen(false)
          }}
        />
      </Modal>
    </Group>
  )
}

function AddForm({ patient_id, onAdded }: { patient_id: string; onAdded: (document: Document) => void }) {
  const { record: words } = useWordsOf(ownCare)
  const { members } = useWords()
  const known = useQueryClient()
  const [file, setFile] = useState<File | null>(null)
  const [title, setTitle] = useState('')
  const [kind, setKind] = useState<string>('report')
  const add = useMutation({
    mutationFn: async (chosen: File) => {
      const form = new FormData()
      form.append('patient_id', patient_id)
      form.append('kind', kind)
      form.append('title', title.trim())
      form.append('file', chosen)
      return (await sendFile(documentApi.upload.path, form)) as Document
    },
    onSuccess: onAdded,
    onSettled: () => known.invalidateQueries({ queryKey: ['own', 'documents'] }),
  })
  const messages = messagesByMember(add.error ? problemOf(add.error) : undefined, members)
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (file && title.trim() !== '' && !add.isPending) add.mutate(file)
      }}
    >
      <Stack>
        <Text size="sm">{words.add_text}</Text>
        {add.error && <ProblemAlert error={add.error} />}
        <FileInput label={words.add_file} value={file} onChange={setFile} placeholder="…" />
        <TextInput
          label={words.add_title}
          value={title}
          onChange={(event) => setTitle(event.currentTarget.value)}
          error={messages['title']}
          maxLength={200}
          autoComplete="off"
        />
        <NativeSelect
          label={words.add_kind}
          value={kind}
          onChange={(event) => setKind(event.currentTarget.value)}
          data={kinds.map((value) => ({ value, label: words.document_kinds[value] }))}
        />
        <Group justify="flex-end">
          <Button type="submit" loading={add.isPending} disabled={file === null || title.trim() === ''}>
            {words.add_submit}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
