// What was prescribed in a visit, and prescribing.
import { Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { addresses } from '../addresses.ts'
import { LinkAnchor } from '../frame/link-anchor.tsx'
import { call } from '../connection/call.ts'
import { may, useUser } from '../connection/use-session.ts'
import { prescriptionApi } from '#contracts/prescriptions/prescription'
import type { Visit } from '#contracts/visits/visit'
import { LinkButton } from '../frame/link-button.tsx'
import { ReadProblem, Waiting } from '../frame/states.tsx'
import { Section } from '../read-chart/section.tsx'
import { useChartWords } from '../read-chart/words.ts'
import { useVisitWords } from './words.ts'

export function VisitPrescriptions({ visit }: { visit: Visit }) {
  const words = useVisitWords()
  const { codes } = useChartWords()
  const user = useUser()
  const { patient_id } = visit
  const found = useQuery({
    queryKey: ['prescriptions', 'patient', patient_id],
    queryFn: () =>
      call(prescriptionApi.listOfPatient, { params: { patient_id }, query: { limit: '100' } }).then(
        ({ items }) => items,
      ),
  })
  const ofVisit = found.data?.filter(({ visit_id }) => visit_id === visit.id)
  return (
    <Section
      title={words.prescriptions}
      action={
        may(user, 'prescriptions:write') && (
          <LinkButton
            to={addresses.prescribe}
            params={{ patient_id }}
            search={{ visit: visit.id }}
            size="sm"
            variant="default"
          >
            {words.prescribe}
          </LinkButton>
        )
      }
    >
      {found.isPending && <Waiting />}
      {found.error && <ReadProblem error={found.error} />}
      {ofVisit?.length === 0 && <Text c="dimmed">{words.no_prescriptions}</Text>}
      <Stack gap={4}>
        {ofVisit?.map(({ id, medicines, status }) => (
          <div key={id}>
            <LinkAnchor to={addresses.prescription} params={{ prescription_id: id }} className="name">
              {medicines.map(({ name }) => name).join(', ')}
            </LinkAnchor>
            <Text component="span" size="sm" c="dimmed">
              {' '}
              · {codes[status]}
            </Text>
          </div>
        ))}
      </Stack>
    </Section>
  )
}
