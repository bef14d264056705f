// A prescription as it stands: what the patient gets, and what one can still do with it.
import { Alert, Button, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { LinkAnchor } from '../frame/link-anchor.tsx'
import { call } from '../connection/call.ts'
import { leaveDraft } from '../connection/drafts.ts'
import { download } from '../connection/download.ts'
import { may, useUser } from '../connection/use-session.ts'
import { type Prescription, prescriptionApi } from '#contracts/prescriptions/prescription'
import { useDoctors } from '../day-calendar/day.ts'
import { ProblemAlert } from '../frame/states.tsx'
import { Section } from '../read-chart/section.tsx'
import { useChartWords } from '../read-chart/words.ts'
import { useDates } from '../words/dates.ts'
import { useSpoken } from '../words/words.tsx'
import { CancelPrescription } from './cancel-prescription.tsx'
import { Findings, NotCheckedList } from './findings.tsx'
import { newDraft, typedOf } from './typed.ts'
import { usePrescribeWords } from './words.ts'

export function SignedPrescription({ prescription }: { prescription: Prescription }) {
  const words = usePrescribeWords()
  const { codes } = useChartWords()
  const dates = useDates()
  const doctors = useDoctors()
  const doctor = doctors.data?.find(({ id }) => id === prescription.doctor_id)
  const { check, status, signed_at, expires_at, cancelled_at, cancel_reason, replaces_id, replaced_by_id } =
    prescription
  const about = [
    signed_at && words.signed(dates.short(signed_at)),
    doctor && words.by(`${doctor.first_name} ${doctor.last_name}`),
    status === 'signed' && expires_at && words.valid_until(dates.day(expires_at.slice(0, 10))),
    cancelled_at && words.cancelled(dates.short(cancelled_at)),
  ]
  return (
    <Stack maw={860}>
      <Paper withBorder p="md">
        <Stack gap="sm">
          <Group justify="space-between">
            <Title order={2} size="h4">
              <span role="status">{codes[status]}</span>
            </Title>
            {prescription.verification_code && (
              <Text size="sm">
                {words.verification}:{' '}
                <Text component="span" ff="monospace">
                  {prescription.verification_code}
                </Text>
              </Text>
            )}
          </Group>
          <Text size="sm" c="dimmed" className="name">
            {about.filter(Boolean).join(' · ')}
          </Text>
          {status === 'draft' && <Text>{words.not_mine}</Text>}
          {cancel_reason && <Text className="name">{cancel_reason}</Text>}
          <Related id={replaces_id} text={words.replaces} />
          <Related id={replaced_by_id} text={words.replaced_by} />
          <Medicines prescription={prescription} />
          {prescription.notes && <Text className="name">{prescription.notes}</Text>}
          <Actions prescription={prescription} />
        </Stack>
      </Paper>
      {check && (check.findings.length > 0 || check.not_checked.length > 0) && (
        <Section title={words.check}>
          <Stack gap="sm">
            <Findings findings={check.findings} />
            {check.not_checked.length > 0 && <NotCheckedList items={check.not_checked} />}
          </Stack>
        </Section>
      )}
    </Stack>
  )
}

function Related({ id, text }: { id: string | null; text: string }) {
  if (id === null) return null
  return (
    <LinkAnchor to={addresses.prescription} params={{ prescription_id: id }} size="sm">
      {text}
    </LinkAnchor>
  )
}

function Medicines({ prescription: { medicines } }: { prescription: Prescription }) {
  const words = usePrescribeWords()
  return (
    <Stack component="ul" gap="sm" m={0} ps="md">
      {medicines.map((medicine, at) => (
        // A medicine has no other name than its place.
        <li key={at}>
          <Text fw={600} className="name">
            {medicine.name} {medicine.dosage}
          </Text>
          <Text size="sm" className="name">
            {[
              medicine.form,
              medicine.route,
              medicine.frequency,
              words.days(medicine.duration_days),
              `${words.quantity} ${medicine.quantity}`,
              medicine.refills > 0 && words.refill_count(medicine.refills),
            ]
              .filter(Boolean)
              .join(' · ')}
          </Text>
          {medicine.instructions && (
            <Text size="sm" className="name">
              {medicine.instructions}
            </Text>
          )}
        </li>
      ))}
    </Stack>
  )
}

function Actions({ prescription }: { prescription: Prescription }) {
  const words = usePrescribeWords()
  const user = useUser()
  const { language } = useSpoken()
  const navigate = useNavigate()
  const [isCancelling, setCancelling] = useState(false)
  const [isDispensing, setDispensing] = useState(false)
  const known = useQueryClient()
  const { id, patient_id, status, prescription_number } = prescription
  const print = useMutation({
    mutationFn: () =>
      download(prescriptionApi.pdf, { prescription_id: id }, `${prescription_number}.pdf`, { language }),
  })
  const dispense = useMutation({
    mutationFn: () =>
      call(prescriptionApi.dispense, { params: { prescription_id: id } }, { version: prescription.version }),
    // After a refusal, too: somebody else may have handed it out or cancelled it.
    onSettled: () =>
      Promise.all(['prescriptions', 'timeline'].map((key) => known.invalidateQueries({ queryKey: [key] }))),
  })
  const mayPrescribe = may(user, 'prescriptions:write')
  const renew = () => {
    leaveDraft(newDraft(patient_id), typedOf(prescription))
    void navigate({ to: addresses.prescribe, params: { patient_id } })
  }
  return (
    <Stack gap="xs">
      <Group gap="xs">
        {status === 'signed' && (
          <Button onClick={() => print.mutate()} loading={print.isPending} className="wrap">
            {words.print}
          </Button>
        )}
        {status === 'signed' && may(user, 'prescriptions:dispense') && (
          <Button variant="default" onClick={() => setDispensing(true)}>
            {words.dispense}
          </Button>
        )}
        {mayPrescribe && status !== 'draft' && (
          <Button variant="default" onClick={renew} title={words.renew_hint}>
            {words.renew}
          </Button>
        )}
        {mayPrescribe && status === 'signed' && (
          <Button variant="light" color="red" onClick={() => setCancelling(true)}>
            {words.cancel}
          </Button>
        )}
      </Group>
      <Text size="sm" role="status">
        {print.isSuccess ? words.printed : ''}
      </Text>
      {print.error && <ProblemAlert error={print.error} />}
      {isDispensing && status === 'signed' && (
        <Alert color="ward" title={words.dispense_sure}>
          <Stack gap="xs">
            {dispense.error && <ProblemAlert error={dispense.error} />}
            <Group gap="xs">
              <Button loading={dispense.isPending} onClick={() => !dispense.isPending && dispense.mutate()}>
                {words.dispensed_yes}
              </Button>
              <Button variant="default" onClick={() => (dispense.reset(), setDispensing(false))}>
                {words.dispensed_no}
              </Button>
            </Group>
          </Stack>
        </Alert>
      )}
      {isCancelling && <CancelPrescription prescription={prescription} onClose={() => setCancelling(false)} />}
    </Stack>
  )
}
