// One's own visits.
import { Group, Paper, Text } from '@mantine/core'
import { call } from '../connection/call.ts'
import { useDoctors } from '../day-calendar/day.ts'
import { visitApi } from '#contracts/visits/visit'
import { doctorName } from '../find-doctor/doctor-name.ts'
import { useDates } from '../words/dates.ts'
import { ownCare } from '../words/own-care.ts'
import { useWordsOf } from '../words/words.tsx'
import { Section } from './section.tsx'

export function Visits({ patient_id }: { patient_id: string }) {
  const { record: words } = useWordsOf(ownCare)
  const dates = useDates()
  const doctors = useDoctors()
  return (
    <Section
      title={words.visits}
      none={words.no_visits}
      queryKey={['own', 'visits', patient_id]}
      read={(query) => call(visitApi.listOfPatient, { params: { patient_id }, query })}
    >
      {({ id, opened_at, status, type, chief_complaint, doctor_id, visit_number }) => {
        const doctor = doctors.data?.find((one) => one.id === doctor_id)
        return (
          <Paper key={id} component="article" withBorder p="md">
            <Group justify="space-between" gap="xs">
              <Text fw={600}>{dates.short(opened_at, doctor?.timezone)}</Text>
              <Text size="sm">{words.visit_statuses[status]}</Text>
            </Group>
            <Text className="name">
              {[words.visit_types[type], doctor && doctorName(doctor)].filter(Boolean).join(', ')}
            </Text>
            {chief_complaint && <Text className="name">{chief_complaint}</Text>}
            <Text size="sm" c="dimmed">
              {visit_number}
            </Text>
          </Paper>
        )
      }}
    </Section>
  )
}
