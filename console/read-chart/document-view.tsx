// One document: what it is, and the file itself, shown here where it is a picture that browsers know, else handed over.
import { Button, Group, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { download } from '../connection/download.ts'
import { fetchFile } from '../connection/file.ts'
import { type Document, documentApi } from '#contracts/documents/document'
import { ProblemAlert } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { numberFormat } from '../words/numbers.ts'
import { useSpoken } from '../words/words.tsx'
import { useChartWords } from './words.ts'

const shownTypes: readonly string[] = ['image/jpeg', 'image/png']

export function DocumentView({ document }: { document: Document }) {
  const words = useChartWords()
  const { locale } = useSpoken()
  const dates = useDates()
  const [url, setUrl] = useState<string>()
  useEffect(() => () => void (url && URL.revokeObjectURL(url)), [url])
  const showing = useMutation({
    mutationFn: () => fetchFile(documentApi.content.path.replace('{document_id}', document.id)),
    onSuccess: (file) => setUrl(URL.createObjectURL(file)),
  })
  const saving = useMutation({
    mutationFn: () => download(documentApi.content, { document_id: document.id }, document.file_name),
  })
  const error = showing.error ?? saving.error
  const isPicture = shownTypes.includes(document.media_type)
  const size = numberFormat(locale, { maximumFractionDigits: 0 }).format(Math.ceil(document.size_bytes / 1000))
  const about = [
    words.codes[document.kind] ?? document.kind,
    dates.short(document.uploaded_at),
    words.size(size),
    document.study?.modality,
    words.codes[document.status] ?? document.status,
  ]
  return (
    <Stack gap="xs">
      <Text fw={600} className="name">
        {document.title}
      </Text>
      <Text size="sm" c="dimmed" className="name">
        {about.filter(Boolean).join(' · ')}
      </Text>
      {document.status === 'clean' && (
        <Group gap="xs">
          {isPicture && (
            <Button size="xs" loading={showing.isPending} onClick={() => showing.mutate()}>
              {words.open_image}
            </Button>
          )}
          <Button
            size="xs"
            variant="default"
            loading={saving.isPending}
            onClick={() => saving.mutate()}
            aria-label={`${words.download}: ${document.title}`}
          >
            {words.download}
          </Button>
        </Group>
      )}
      <div role="status">{saving.isSuccess && <Text size="sm">{words.opened_file}</Text>}</div>
      {error && <ProblemAlert error={error} />}
      {url && <img src={url} alt={document.title} style={{ maxWidth: '100%', height: 'auto' }} />}
    </Stack>
  )
}
