// The documents and images of a visit.
import { Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { documentApi } from '#contracts/documents/document'
import type { Visit } from '#contracts/visits/visit'
import { ReadProblem, Waiting } from '../frame/states.tsx'
import { isOpenVisit } from '../read-chart/known.ts'
import { AddDocument } from '../read-images/add-document.tsx'
import { DocumentView } from '../read-chart/document-view.tsx'
import { Section } from '../read-chart/section.tsx'
import { useVisitWords } from './words.ts'

export function VisitDocuments({ visit }: { visit: Visit }) {
  const words = useVisitWords()
  const found = useQuery({
    queryKey: ['documents', 'visit', visit.id],
    queryFn: () =>
      call(documentApi.ofVisit, { params: { visit_id: visit.id }, query: { limit: '50' } }).then(({ items }) => items),
  })
  return (
    <Section title={words.documents}>
      {found.isPending && <Waiting />}
      {found.error && <ReadProblem error={found.error} />}
      {found.data?.length === 0 && <Text c="dimmed">{words.no_documents}</Text>}
      <Stack>
        {found.data?.map((document) => (
          <DocumentView key={document.id} document={document} />
        ))}
        {isOpenVisit(visit) && <AddDocument visit_id={visit.id} />}
      </Stack>
    </Section>
  )
}
