// What the server's rules say of a draft, what they could not look at, and what one can tell them about the patient.
import { Alert, Group, SegmentedControl, Stack, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query'
import { useId } from 'react'
import type { z } from 'zod'
import { call } from '../connection/call.ts'
import type { Check as CheckContract, CheckRequest } from '#contracts/prescriptions/check'
import { type Prescription, prescriptionApi } from '#contracts/prescriptions/prescription'
import { ReadProblem } from '../frame/states.tsx'
import { Section } from '../read-chart/section.tsx'
import { numberFormat } from '../words/numbers.ts'
import { useSpoken } from '../words/words.tsx'
import { NotCheckedList } from './findings.tsx'
import { usePrescribeWords } from './words.ts'

type Check = z.output<typeof CheckContract>
export type Facts = { weight_kg: string; is_pregnant: '' | 'yes' | 'no' }
export const noFacts: Facts = { weight_kg: '', is_pregnant: '' }
const settleMs = 500

export function factsOf({ weight_kg, is_pregnant }: Facts): CheckRequest {
  const kilograms = Number(weight_kg.replace(',', '.'))
  return {
    ...(weight_kg.trim() !== '' && Number.isFinite(kilograms) ? { weight_kg: kilograms } : {}),
    ...(is_pregnant === '' ? {} : { is_pregnant: is_pregnant === 'yes' }),
  }
}

/** Each version that is kept is checked, and again when something more is known of the patient. */
export function useCheck({ id, version }: Prescription, facts: Facts, isKept: boolean) {
  const [settled] = useDebouncedValue(facts, settleMs)
  return useQuery({
    queryKey: ['prescription-check', id, version, settled],
    queryFn: () => call(prescriptionApi.check, { params: { prescription_id: id }, body: factsOf(settled) }),
    enabled: isKept,
    placeholderData: keepPreviousData,
  })
}

type ChecksProps = { check: UseQueryResult<Check>; facts: Facts; onFact: (part: Partial<Facts>) => void }

const asksFor = (check: Check | undefined, ...whys: Check['not_checked'][number]['why'][]) =>
  check?.not_checked.some(({ why }) => whys.includes(why)) ?? false

export function Checks({ check, facts, onFact }: ChecksProps) {
  const words = usePrescribeWords()
  const { locale } = useSpoken()
  const label = useId()
  const { data, error, isFetching } = check
  const asksWeight = facts.weight_kg !== '' || asksFor(data, 'weight_missing', 'weight_outdated')
  const asksPregnancy = facts.is_pregnant !== '' || asksFor(data, 'pregnancy_unknown')
  const weight = data?.weight && numberFormat(locale).format(data.weight.weight_kg)
  return (
    <Section title={words.check}>
      <Stack gap="sm">
        <Text size="sm" role="status">
          {isFetching
            ? words.checking
            : data && data.findings.length > 0
              ? words.found
              : data?.status === 'checked'
                ? words.checked
                : ''}
        </Text>
        {error && <ReadProblem error={error} />}
        {data && data.not_checked.length > 0 && (
          <Alert color="yellow" title={data.status === 'not_checked' ? words.unchecked : words.partly}>
            <NotCheckedList items={data.not_checked} />
          </Alert>
        )}
        {(asksWeight || asksPregnancy) && (
          <Group align="flex-end">
            {asksWeight && (
              <TextInput
                label={words.weight}
                value={facts.weight_kg}
                onChange={(event) => onFact({ weight_kg: event.currentTarget.value })}
                inputMode="decimal"
                maxLength={6}
                w={140}
              />
            )}
            {asksPregnancy && (
              <div>
                <Text size="sm" fw={500} id={label}>
                  {words.pregnant}
                </Text>
                <SegmentedControl
                  aria-labelledby={label}
                  value={facts.is_pregnant}
                  onChange={(value) => onFact({ is_pregnant: value })}
                  data={[
                    { value: '', label: words.unsaid },
                    { value: 'no', label: words.no },
                    { value: 'yes', label: words.yes },
                  ]}
                />
              </div>
            )}
          </Group>
        )}
        {data?.rule_set && (
          <Text size="xs" c="dimmed">
            {[words.rule_set(data.rule_set.version), weight && words.by_weight(weight)].filter(Boolean).join(', ')}
          </Text>
        )}
      </Stack>
    </Section>
  )
}
