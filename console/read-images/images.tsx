// The images and documents of a patient: those that belong to a report are named by it.
import { Checkbox, Fieldset, Paper, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { documentApi } from '#contracts/documents/document'
import { ReadProblem, Waiting } from '../frame/states.tsx'
import { DocumentView } from '../read-chart/document-view.tsx'
import { AddDocument } from './add-document.tsx'
import { useRadiologyWords } from './words.ts'

export function useDocumentsOf(patient_id: string, isAllowed = true) {
  return useQuery({
    queryKey: ['documents', 'patient', patient_id],
    queryFn: () =>
      call(documentApi.ofPatient, { params: { patient_id }, query: { limit: '100' } }).then(({ items }) => items),
    enabled: isAllowed,
  })
}

type ImagesProps = {
  patient_id: string
  visit_id: string
  named: readonly string[]
  wrong: string | undefined
  onName: (document_ids: string[]) => void
}

export function Images({ patient_id, visit_id, named, wrong, onName }: ImagesProps) {
  const words = useRadiologyWords()
  const documents = useDocumentsOf(patient_id)
  return (
    <Fieldset legend={words.images}>
      <Stack>
        {wrong && (
          <Text size="sm" role="alert" c="var(--mantine-color-error)">
            {wrong}
          </Text>
        )}
        {documents.isPending && <Waiting />}
        {documents.error && <ReadProblem error={documents.error} />}
        {documents.data?.length === 0 && <Text c="dimmed">{words.no_images}</Text>}
        {documents.data?.map((document) => (
          <Paper key={document.id} withBorder p="sm">
            <Stack gap="xs">
              <DocumentView document={document} />
              <Checkbox
                label={words.name_image(document.title)}
                checked={named.includes(document.id)}
                onChange={(event) =>
                  onName(
                    event.currentTarget.checked ? [...named, document.id] : named.filter((id) => id !== document.id),
                  )
                }
              />
            </Stack>
          </Paper>
        ))}
        <AddDocument visit_id={visit_id} onAdded={(id) => onName([...named, id])} />
      </Stack>
    </Fieldset>
  )
}
