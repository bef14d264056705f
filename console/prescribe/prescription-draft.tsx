// The draft of a prescription: kept as it is typed, checked as soon as it can be, and signed.
import { Button, Group, Paper, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { messagesByMember, problemOf } from '../connection/problem-of.ts'
import { type Kept, useAutosave } from '../connection/use-autosave.ts'
import { type Prescription, prescriptionApi } from '#contracts/prescriptions/prescription'
import { ProblemAlert } from '../frame/states.tsx'
import { FactList } from '../read-chart/facts.tsx'
import { useWords } from '../words/words.tsx'
import { ChooseVersion, KeptLine } from '../write-note/kept-line.tsx'
import { Checks, type Facts, factsOf, noFacts, useCheck } from './checks.tsx'
import { Findings } from './findings.tsx'
import { MedicineList } from './medicine-list.tsx'
import { bodyOf, isWhole, type Typed, typedOf } from './typed.ts'
import { usePrescribeWords } from './words.ts'

const keptOf = (prescription: Prescription): Kept<Typed> => ({
  content: typedOf(prescription),
  version: prescription.version,
})

export function PrescriptionDraft({ prescription }: { prescription: Prescription }) {
  const words = usePrescribeWords()
  const { members } = useWords()
  const known = useQueryClient()
  const navigate = useNavigate()
  const params = { prescription_id: prescription.id }
  const learn = (now: Prescription) => {
    known.setQueryData(['prescriptions', now.id], now)
    return keptOf(now)
  }
  const kept = useAutosave<Typed>({
    name: `prescription ${prescription.id}`,
    kept: keptOf(prescription),
    save: async (typed, version) =>
      learn(await call(prescriptionApi.change, { params, body: bodyOf(typed) }, { version })),
    read: async () => keptOf(await call(prescriptionApi.get, { params })),
    isWhole,
  })
  const facts = useDraft<Facts>(`facts ${prescription.id}`, noFacts)
  const reasons = useDraft<Record<string, string>>(`overrides ${prescription.id}`, {})
  const check = useCheck(prescription, facts.value, kept.state === 'saved')
  const findings = check.data?.findings ?? []
  const settle = () =>
    Promise.all(['prescriptions', 'timeline'].map((key) => known.invalidateQueries({ queryKey: [key] })))
  const sign = useMutation({
    async mutationFn() {
      const version = await kept.flush()
      const overrides = findings
        .filter(({ key, severity }) => severity === 'severe' && reasons.value[key]?.trim())
        .map(({ key }) => ({ key, reason: reasons.value[key] ?? '' }))
      return call(prescriptionApi.sign, { params, body: { ...factsOf(facts.value), overrides } }, { version })
    },
    onSuccess(signed) {
      for (const { forget } of [kept, facts, reasons]) forget()
      learn(signed)
    },
    onSettled: settle,
  })
  const discard = useMutation({
    mutationFn: () => call(prescriptionApi.cancel, { params, body: { reason: words.discard_reason } }),
    async onSuccess() {
      for (const { forget } of [kept, facts, reasons]) forget()
      await settle()
      await navigate({ to: addresses.chart, params: { patient_id: prescription.patient_id } })
    },
  })
  const refusal = sign.error ? problemOf(sign.error) : undefined
  return (
    // Enter in a field signs nothing: a signature is given by its button.
    <form onSubmit={(event) => event.preventDefault()}>
      <Stack maw={860}>
        {kept.other && (
          <ChooseVersion
            mine={<Written typed={kept.content} />}
            other={<Written typed={kept.other.content} />}
            onMine={kept.keepMine}
            onOther={kept.takeOther}
          />
        )}
        <MedicineList
          typed={kept.content}
          wrong={messagesByMember(kept.error ? problemOf(kept.error) : undefined, members)}
          onType={kept.change}
          under={(index) => (
            <Findings
              findings={findings.filter(({ medicine_index }) => medicine_index === index)}
              reasons={reasons.value}
              onReason={(key, reason) => reasons.change({ [key]: reason })}
            />
          )}
        />
        {isWhole(kept.content) ? (
          <KeptLine state={kept.state} error={kept.error} saved={words.kept} />
        ) : (
          <Text size="sm" c="dimmed" role="status">
            {words.fill}
          </Text>
        )}
        <Checks check={check} facts={facts.value} onFact={facts.change} />
        {refusal?.kind.code === 'prescription_blocked' ? (
          <Text role="alert" c="var(--mantine-color-error)">
            {words.blocked}
          </Text>
        ) : refusal?.kind.code === 'no_care_relationship' ? (
          <Text role="alert" c="var(--mantine-color-error)">
            {words.no_care}
          </Text>
        ) : (
          refusal && <ProblemAlert error={refusal} />
        )}
        {discard.error && <ProblemAlert error={discard.error} />}
        <Group justify="space-between">
          <Button variant="subtle" color="red" onClick={() => discard.mutate()} loading={discard.isPending}>
            {words.discard}
          </Button>
          <Group>
            <Text size="xs" c="dimmed" maw={300}>
              {words.sign_hint}
            </Text>
            <Button
              onClick={() => sign.mutate()}
              size="md"
              loading={sign.isPending}
              disabled={kept.other !== undefined || !isWhole(kept.content)}
            >
              {words.sign}
            </Button>
          </Group>
        </Group>
      </Stack>
    </form>
  )
}

function Written({ typed: { medicines, notes } }: { typed: Typed }) {
  const words = usePrescribeWords()
  return (
    <Paper>
      <FactList
        lines={[
          ...medicines.map(
            ({ name, dosage, route, frequency, duration_days, quantity }) =>
              [name, [dosage, route, frequency, `${duration_days} d`, quantity].join(', ')] as const,
          ),
          [words.notes, notes] as const,
        ]}
      />
    </Paper>
  )
}
