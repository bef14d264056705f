// One's own documents, to be saved, and others to be added. What the scanner has not cleared cannot be saved.
import { Button, Group, Modal, Paper, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { useState } from 'react'
import { download } from '../connection/download.ts'
import { may, useUser } from '../connection/use-session.ts'
import { type Document, documentApi } from '#contracts/documents/document'
import { ProblemAlert } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { ownCare } from '../words/own-care.ts'
import { numberFormat } from '../words/numbers.ts'
import { useSpoken, useWords, useWordsOf } from '../words/words.tsx'
import { AddOwnDocument } from './add-own-document.tsx'
import { Section } from './section.tsx'

export function Documents({ patient_id }: { patient_id: string }) {
  const { record: words } = useWordsOf(ownCare)
  const user = useUser()
  return (
    <Section
      action={may(user, 'documents:write') && <AddOwnDocument patient_id={patient_id} />}
      title={words.documents}
      none={words.no_documents}
      queryKey={['own', 'documents', patient_id]}
      read={(query) => call(documentApi.ofPatient, { params: { patient_id }, query })}
    >
      {(document) => <OwnDocument key={document.id} document={document} />}
    </Section>
  )
}

function OwnDocument({ document }: { document: Document }) {
  const { record: words } = useWordsOf(ownCare)
  const { locale } = useSpoken()
  const dates = useDates()
  const user = useUser()
  const { id, title, kind, uploaded_at, file_name, size_bytes, status } = document
  const save = useMutation({ mutationFn: () => download(documentApi.content, { document_id: id }, file_name) })
  const size = numberFormat(locale, { style: 'unit', unit: 'kilobyte', maximumFractionDigits: 0 })
  return (
    <Paper component="article" withBorder p="md">
      <Text fw={600} className="name">
        {title}
      </Text>
      <Text size="sm" c="dimmed" className="name">
        {words.document_kinds[kind]} · {dates.short(uploaded_at)} · {size.format(Math.ceil(size_bytes / 1000))}
      </Text>
      {save.error && <ProblemAlert error={save.error} />}
      {status === 'clean' ? (
        <Group mt="xs">
          <Button
            variant="light"
            onClick={() => save.mutate()}
            loading={save.isPending}
            aria-label={words.save_of(title)}
          >
            {words.save}
          </Button>
        </Group>
      ) : (
        <Text size="sm">{words.document_statuses[status]}</Text>
      )}
      {document.uploaded_by === user.id && may(user, 'documents:write') && <TakeOut document={document} />}
    </Paper>
  )
}

/** What somebody has added themselves they may take out again. */
function TakeOut({ document: { id, title, version } }: { document: Document }) {
  const { record: words } = useWordsOf(ownCare)
  const { frame } = useWords()
  const known = useQueryClient()
  const [isAsking, setAsking] = useState(false)
  const remove = useMutation({
    mutationFn: () => call(documentApi.remove, { params: { document_id: id } }, { version }),
    onSettled: () => known.invalidateQueries({ queryKey: ['own', 'documents'] }),
  })
  return (
    <>
      <Button
        variant="subtle"
        size="compact-sm"
        mt="xs"
        aria-label={words.take_out_of(title)}
        onClick={() => setAsking(true)}
      >
        {words.take_out}
      </Button>
      <Modal
        opened={isAsking}
        onClose={() => setAsking(false)}
        title={words.take_out_of(title)}
        closeButtonProps={{ 'aria-label': frame.close }}
      >
        <Stack>
          <Text>{words.take_out_text}</Text>
          {remove.error && <ProblemAlert error={remove.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setAsking(false)} data-autofocus>
              {words.keep_it}
            </Button>
            <Button color="red.9" loading={remove.isPending} onClick={() => !remove.isPending && remove.mutate()}>
              {words.take_out}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  )
}
