// One's own documents, to be saved. What the scanner has not cleared cannot be.
import { Button, Group, Paper, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { download } from '../connection/download.ts'
import { type Document, documentApi } from '#contracts/documents/document'
import { ProblemAlert } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { ownCare } from '../words/own-care.ts'
import { useSpoken, useWordsOf } from '../words/words.tsx'
import { Section } from './section.tsx'

export function Documents({ patient_id }: { patient_id: string }) {
  const { record: words } = useWordsOf(ownCare)
  return (
    <Section
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
  const { id, title, kind, uploaded_at, file_name, size_bytes, status } = document
  const save = useMutation({ mutationFn: () => download(documentApi.content, { document_id: id }, file_name) })
  const size = new Intl.NumberFormat(locale, { style: 'unit', unit: 'kilobyte', maximumFractionDigits: 0 })
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
    </Paper>
  )
}
