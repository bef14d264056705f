// Correcting who somebody is and how they are reached, by whoever registers people.
import { Stack, Text } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { useLive } from '../connection/use-live.ts'
import { PersonName } from '../find-patient/person.tsx'
import { LinkButton } from '../frame/link-button.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { ProblemPage, WaitingPage } from '../frame/states.tsx'
import { usePatient } from '../patient/use-patient.ts'
import { useWords } from '../words/words.tsx'
import { detailsConcerns } from './concerns.ts'
import { DetailsForm } from './details-form.tsx'
import { Part } from './own-details-page.tsx'
import { RemindersForm } from './reminders-form.tsx'
import { useDetailsWords } from './words.ts'

const route = getRouteApi(`/closed${addresses.patient_details}`)

export function DetailsPage() {
  useLive(detailsConcerns)
  const words = useDetailsWords()
  const { patient: labels } = useWords()
  const { patient_id } = route.useParams()
  const patient = usePatient(patient_id)
  if (patient.isPending) return <WaitingPage />
  if (patient.error) return <ProblemPage error={patient.error} />
  return (
    <Stack gap="lg" maw={860}>
      <PageTitle title={words.title}>
        <PersonName person={patient.data} />
      </PageTitle>
      <div>
        <LinkButton to={addresses.patient} params={{ patient_id }} variant="default">
          {words.back}
        </LinkButton>
      </div>
      {!patient.data.is_active && <Text>{labels.deleted}</Text>}
      <Part title={labels.details}>
        <DetailsForm patient={patient.data} isOwn={false} />
      </Part>
      <Part title={words.reminders}>
        <RemindersForm patient_id={patient_id} />
      </Part>
    </Stack>
  )
}
