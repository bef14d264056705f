// One entry of the timeline, opened beside it.
import { Drawer, Stack, Text, Title } from '@mantine/core'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { appointmentApi } from '#contracts/appointments/appointment'
import { documentApi } from '#contracts/documents/document'
import type { TimelineEntry } from '#contracts/timeline/timeline'
import { visitApi } from '#contracts/visits/visit'
import { useDoctors } from '../day-calendar/day.ts'
import { LinkButton } from '../frame/link-button.tsx'
import { useDates } from '../words/dates.ts'
import { useWords } from '../words/words.tsx'
import { DocumentView } from './document-view.tsx'
import { AllergyEntry, ConditionEntry } from './entry-chart.tsx'
import { AssessmentEntry, NoteEntry, PrescriptionEntry } from './entry-signed.tsx'
import { FactList } from './facts.tsx'
import { Opened } from './opened.tsx'
import { useChartWords } from './words.ts'

type EntryPanelProps = { patient_id: string; entry: TimelineEntry | undefined; onClose: () => void }

export function EntryPanel({ patient_id, entry, onClose }: EntryPanelProps) {
  const { frame } = useWords()
  const words = useChartWords()
  const dates = useDates()
  return (
    <Drawer
      opened={entry !== undefined}
      onClose={onClose}
      position="right"
      size="lg"
      title={words.entry}
      closeButtonProps={{ 'aria-label': frame.close }}
    >
      {entry && (
        <Stack key={entry.id}>
          <div>
            <Title order={2} size="h3">
              {words.kinds[entry.kind]}
            </Title>
            <Text size="sm" c="dimmed">
              {dates.moment(entry.at)}
            </Text>
          </div>
          <Entry entry={entry} patient_id={patient_id} />
        </Stack>
      )}
    </Drawer>
  )
}

function Entry({ entry, patient_id }: { entry: TimelineEntry; patient_id: string }) {
  switch (entry.kind) {
    case 'note':
      return <NoteEntry note_id={entry.id} />
    case 'assessment':
      return <AssessmentEntry assessment_id={entry.id} />
    case 'prescription':
      return <PrescriptionEntry prescription_id={entry.id} />
    case 'document':
      return <DocumentEntry document_id={entry.id} />
    case 'allergy':
      return <AllergyEntry patient_id={patient_id} allergy_id={entry.id} />
    case 'condition':
      return <ConditionEntry patient_id={patient_id} condition_id={entry.id} />
    case 'appointment':
      return <AppointmentEntry appointment_id={entry.id} />
    case 'visit':
      return <VisitEntry visit_id={entry.id} />
    case 'bed_stay':
      return <Text>{entry.title}</Text>
  }
}

function DocumentEntry({ document_id }: { document_id: string }) {
  return (
    <Opened of={['documents', document_id]} read={() => call(documentApi.get, { params: { document_id } })}>
      {(document) => <DocumentView document={document} />}
    </Opened>
  )
}

function AppointmentEntry({ appointment_id }: { appointment_id: string }) {
  const { calendar, book } = useWords()
  const dates = useDates()
  const words = useChartWords()
  const doctors = useDoctors()
  return (
    <Opened
      of={['appointments', 'one', appointment_id]}
      read={() => call(appointmentApi.get, { params: { appointment_id } })}
    >
      {(appointment) => {
        const doctor = doctors.data?.find(({ id }) => id === appointment.doctor_id)
        return (
          <FactList
            lines={[
              [words.status, calendar.statuses[appointment.status]],
              [calendar.details, dates.moment(appointment.appointment_time, doctor?.timezone)],
              [book.doctor, doctor && `${doctor.first_name} ${doctor.last_name}, ${doctor.specialization}`],
              [book.reason, appointment.reason],
              [book.code, appointment.confirmation_code],
            ]}
          />
        )
      }}
    </Opened>
  )
}

function VisitEntry({ visit_id }: { visit_id: string }) {
  const words = useChartWords()
  return (
    <Opened of={['visits', visit_id]} read={() => call(visitApi.get, { params: { visit_id } })}>
      {(visit) => (
        <Stack>
          <FactList
            lines={[
              [words.kinds.visit, visit.visit_number],
              [words.status, words.codes[visit.status]],
              [words.complaint, visit.chief_complaint],
            ]}
          />
          <LinkButton to={addresses.visit} params={{ visit_id }}>
            {words.go_to_visit(visit.visit_number)}
          </LinkButton>
        </Stack>
      )}
    </Opened>
  )
}
