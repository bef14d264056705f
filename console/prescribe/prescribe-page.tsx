// Beginning a prescription: it becomes a draft when it can be checked.
import { Button, Group, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { useLive } from '../connection/use-live.ts'
import { clinicalConcerns } from '../read-chart/clinical-concerns.ts'
import { useDraft } from '../connection/drafts.ts'
import { messagesByMember, problemOf } from '../connection/problem-of.ts'
import { prescriptionApi } from '#contracts/prescriptions/prescription'
import { PageTitle } from '../frame/page-title.tsx'
import { ProblemAlert, ProblemPage, WaitingPage } from '../frame/states.tsx'
import { usePatient } from '../patient/use-patient.ts'
import { PatientBanner } from '../read-chart/patient-banner.tsx'
import { useWords } from '../words/words.tsx'
import { MedicineList } from './medicine-list.tsx'
import { bodyOf, emptyPrescription, isWhole, newDraft, type Typed } from './typed.ts'
import { usePrescribeWords } from './words.ts'

const route = getRouteApi(`/closed${addresses.prescribe}`)

export function PrescribePage() {
  useLive(clinicalConcerns)
  const { patient_id } = route.useParams()
  const words = usePrescribeWords()
  const patient = usePatient(patient_id)
  if (patient.isPending) return <WaitingPage />
  if (patient.error) return <ProblemPage error={patient.error} />
  return (
    <Stack gap="md">
      <PageTitle title={words.title} />
      <PatientBanner patient={patient.data} />
      <Begin key={patient_id} patient_id={patient_id} />
    </Stack>
  )
}

function Begin({ patient_id }: { patient_id: string }) {
  const { visit } = route.useSearch()
  const words = usePrescribeWords()
  const { members } = useWords()
  const known = useQueryClient()
  const navigate = useNavigate()
  const { value, change, forget } = useDraft<Typed>(newDraft(patient_id), emptyPrescription)
  const [isAsked, setAsked] = useState(false)
  const create = useMutation({
    mutationFn: () =>
      call(prescriptionApi.create, { body: { patient_id, ...(visit && { visit_id: visit }), ...bodyOf(value) } }),
    async onSuccess({ id }) {
      forget()
      await known.invalidateQueries({ queryKey: ['prescriptions'] })
      await navigate({ to: addresses.prescription, params: { prescription_id: id }, replace: true })
    },
  })
  const problem = create.error ? problemOf(create.error) : undefined
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        setAsked(!isWhole(value))
        // What is missing is named by the server, member by member.
        if (!create.isPending) create.mutate()
      }}
    >
      <Stack maw={860}>
        <MedicineList typed={value} wrong={messagesByMember(problem, members)} onType={change} />
        {problem?.kind.code === 'no_care_relationship' ? (
          <Text role="alert" c="var(--mantine-color-error)">
            {words.no_care}
          </Text>
        ) : (
          problem && <ProblemAlert error={problem} />
        )}
        <Group justify="space-between">
          <Text size="sm" c="dimmed" maw={520} role="status">
            {isAsked || !isWhole(value) ? words.fill : ''}
          </Text>
          <Button type="submit" size="md" loading={create.isPending}>
            {words.keep}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
