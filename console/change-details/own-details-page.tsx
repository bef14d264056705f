// How a patient is reached and told, and their calendar: what they look after themselves.
import { Alert, Paper, Stack, Text, Title } from '@mantine/core'
import { type ReactNode, useId } from 'react'
import { useLive } from '../connection/use-live.ts'
import { may, useUser } from '../connection/use-session.ts'
import { PageTitle } from '../frame/page-title.tsx'
import { ReadProblem, Waiting } from '../frame/states.tsx'
import { OwnRecordNav } from '../own-record/own-record-nav.tsx'
import { usePatient } from '../patient/use-patient.ts'
import { ownCare } from '../words/own-care.ts'
import { useWordsOf } from '../words/words.tsx'
import { CalendarLinks } from './calendar-links.tsx'
import { detailsConcerns } from './concerns.ts'
import { DetailsForm } from './details-form.tsx'
import { RemindersForm } from './reminders-form.tsx'
import { useDetailsWords } from './words.ts'

export function OwnDetailsPage() {
  useLive(detailsConcerns)
  const words = useDetailsWords()
  const { record } = useWordsOf(ownCare)
  const user = useUser()
  const { patient_id } = user
  return (
    <Stack gap="lg" maw={760}>
      <PageTitle title={words.own_title} />
      {patient_id === null ? (
        <Alert color="ward">
          <Text size="sm">{record.no_record}</Text>
        </Alert>
      ) : (
        <>
          <OwnRecordNav />
          {may(user, 'patients:update') && (
            <Part title={words.contact}>
              <OwnContact patient_id={patient_id} />
            </Part>
          )}
          {may(user, 'patients:update') && (
            <Part title={words.reminders}>
              <RemindersForm patient_id={patient_id} />
            </Part>
          )}
          {may(user, 'appointments:read') && (
            <Part title={words.links}>
              <CalendarLinks />
            </Part>
          )}
        </>
      )}
    </Stack>
  )
}

function OwnContact({ patient_id }: { patient_id: string }) {
  const patient = usePatient(patient_id)
  if (patient.isPending) return <Waiting />
  if (patient.error) return <ReadProblem error={patient.error} />
  return <DetailsForm patient={patient.data} isOwn />
}

export function Part({ title, children }: { title: string; children: ReactNode }) {
  const heading = useId()
  return (
    <Paper component="section" withBorder p={{ base: 'md', sm: 'lg' }} aria-labelledby={heading}>
      <Stack>
        <Title order={2} size="h4" id={heading}>
          {title}
        </Title>
        {children}
      </Stack>
    </Paper>
  )
}
