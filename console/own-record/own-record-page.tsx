// What the hospital keeps of a patient, for themselves: visits, prescriptions, documents.
import { Alert, SimpleGrid, Stack, Text } from '@mantine/core'
import type { Concerns } from '../connection/concerns.ts'
import { useLive } from '../connection/use-live.ts'
import { may, useUser } from '../connection/use-session.ts'
import { PageTitle } from '../frame/page-title.tsx'
import { ownCare } from '../words/own-care.ts'
import { useWordsOf } from '../words/words.tsx'
import { Documents } from './documents.tsx'
import { OwnRecordNav } from './own-record-nav.tsx'
import { Prescriptions } from './prescriptions.tsx'
import { Visits } from './visits.tsx'

const concerns: Concerns = {
  'visit.*': [['own', 'visits']],
  'prescription.*': [['own', 'prescriptions']],
  'document.*': [['own', 'documents']],
}

export function OwnRecordPage() {
  useLive(concerns)
  const { record: words } = useWordsOf(ownCare)
  const user = useUser()
  const { patient_id } = user
  if (patient_id === null) {
    return (
      <Stack>
        <PageTitle title={words.title} />
        <Alert color="ward">
          <Text size="sm">{words.no_record}</Text>
        </Alert>
      </Stack>
    )
  }
  return (
    <Stack gap="lg">
      <PageTitle title={words.title} />
      <OwnRecordNav />
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl" verticalSpacing="lg">
        {may(user, 'prescriptions:read') && <Prescriptions patient_id={patient_id} />}
        {may(user, 'documents:read') && <Documents patient_id={patient_id} />}
        {may(user, 'visits:status') && <Visits patient_id={patient_id} />}
      </SimpleGrid>
    </Stack>
  )
}
