// One's own prescriptions: what to take and how, and the sheet for the pharmacy.
import { Button, Group, Paper, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { download } from '../connection/download.ts'
import { useDoctors } from '../day-calendar/day.ts'
import { type Medicine, type Prescription, prescriptionApi } from '#contracts/prescriptions/prescription'
import { doctorName } from '../find-doctor/doctor-name.ts'
import { ProblemAlert } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { ownCare } from '../words/own-care.ts'
import { useWordsOf } from '../words/words.tsx'
import { Section } from './section.tsx'

export function Prescriptions({ patient_id }: { patient_id: string }) {
  const { record: words } = useWordsOf(ownCare)
  return (
    <Section
      title={words.prescriptions}
      none={words.no_prescriptions}
      queryKey={['own', 'prescriptions', patient_id]}
      read={(query) => call(prescriptionApi.listOfPatient, { params: { patient_id }, query })}
    >
      {(prescription) => <OwnPrescription key={prescription.id} prescription={prescription} />}
    </Section>
  )
}

function OwnPrescription({ prescription }: { prescription: Prescription }) {
  const { record: words } = useWordsOf(ownCare)
  const dates = useDates()
  const doctors = useDoctors()
  const { id, status, signed_at, expires_at, prescription_number, medicines, notes, doctor_id } = prescription
  const doctor = doctors.data?.find((one) => one.id === doctor_id)
  const sheet = useMutation({
    mutationFn: () => download(prescriptionApi.pdf, { prescription_id: id }, `${prescription_number}.pdf`),
  })
  return (
    <Paper component="article" withBorder p="md">
      <Stack gap="xs">
        <Group justify="space-between" gap="xs">
          <Text fw={600}>{signed_at ? dates.short(signed_at, doctor?.timezone) : prescription_number}</Text>
          <Text size="sm">{words.prescription_statuses[status]}</Text>
        </Group>
        {doctor && (
          <Text size="sm" c="dimmed" className="name">
            {doctorName(doctor)}, {doctor.specialization}
          </Text>
        )}
        <Stack component="ul" gap="xs" m={0} ps="lg">
          {medicines.map((medicine) => (
            <Taking key={`${medicine.name} ${medicine.dosage} ${medicine.frequency}`} medicine={medicine} />
          ))}
        </Stack>
        {notes && (
          <Text size="sm" className="name">
            {notes}
          </Text>
        )}
        {status === 'signed' && expires_at && (
          <Text size="sm" c="dimmed">
            {words.valid_until(dates.short(expires_at, doctor?.timezone))}
          </Text>
        )}
        {sheet.error && <ProblemAlert error={sheet.error} />}
        {status === 'signed' && (
          <Group>
            <Button
              variant="light"
              onClick={() => sheet.mutate()}
              loading={sheet.isPending}
              aria-label={words.sheet_of(prescription_number)}
            >
              {words.sheet}
            </Button>
          </Group>
        )}
      </Stack>
    </Paper>
  )
}

function Taking({ medicine }: { medicine: Medicine }) {
  const { record: words } = useWordsOf(ownCare)
  const { name, dosage, form, route, frequency, duration_days, refills, instructions } = medicine
  return (
    <li>
      <Text fw={600} component="span" className="name">
        {[name, dosage, form].filter(Boolean).join(', ')}
      </Text>
      <Text size="sm" className="name">
        {[route, frequency, words.days(duration_days), refills > 0 && words.refills(refills)]
          .filter(Boolean)
          .join(', ')}
      </Text>
      {instructions && (
        <Text size="sm" className="name">
          {instructions}
        </Text>
      )}
    </li>
  )
}
