// What speaks against a medicine, in place: how severe it is, why, what one does about it, and signing all the same with a reason.
import { Badge, Group, Paper, Stack, Text, Textarea } from '@mantine/core'
import type { z } from 'zod'
import { addresses } from '../addresses.ts'
import { LinkAnchor } from '../frame/link-anchor.tsx'
import type { Finding as FindingContract, NotChecked } from '#contracts/prescriptions/check'
import { usePrescribeWords } from './words.ts'

export type Finding = z.output<typeof FindingContract>
const colors = { severe: 'red.9', moderate: 'orange.9', minor: 'gray.7' } as const

type FindingsProps = {
  findings: readonly Finding[]
  /** Reasons by the key of a finding; of what is signed already there is nothing to type. */
  reasons?: Readonly<Record<string, string>>
  onReason?: (key: string, reason: string) => void
}

export function Findings({ findings, reasons = {}, onReason }: FindingsProps) {
  const words = usePrescribeWords()
  return findings.map((finding) => (
    <Paper key={finding.key} withBorder p="sm" data-finding={finding.kind}>
      <Stack gap={4}>
        <Group gap="xs">
          <Badge color={colors[finding.severity]} variant="filled" tt="none">
            {words.severities[finding.severity]}
          </Badge>
          <Text fw={600} className="name">
            {words.findings[finding.kind]}: {finding.medicine}
            {finding.other && ` ${words.with_other(finding.other)}`}
          </Text>
        </Group>
        <Text size="sm" className="name">
          {finding.effect}
        </Text>
        {onReason && (
          <Text size="sm" fw={600}>
            {words.what_to_do[finding.kind]}
          </Text>
        )}
        {finding.other_prescription_id && (
          <LinkAnchor to={addresses.prescription} params={{ prescription_id: finding.other_prescription_id }} size="sm">
            {words.other_prescription}
          </LinkAnchor>
        )}
        <Text size="xs" c="dimmed" className="name">
          {finding.source}
        </Text>
        {finding.override_reason && <Text size="sm">{words.overridden(finding.override_reason)}</Text>}
        {onReason && finding.severity === 'severe' && (
          <Textarea
            label={words.override}
            description={words.override_help}
            value={reasons[finding.key] ?? ''}
            onChange={(event) => onReason(finding.key, event.currentTarget.value)}
            maxLength={500}
            autosize
            minRows={1}
          />
        )}
      </Stack>
    </Paper>
  ))
}

export function NotCheckedList({ items }: { items: readonly z.output<typeof NotChecked>[] }) {
  const words = usePrescribeWords()
  return (
    <ul style={{ margin: 0, paddingInlineStart: '1.2rem' }}>
      {items.map(({ medicine_index, what, why, detail }) => (
        <li key={`${medicine_index} ${what} ${why} ${detail}`}>
          <Text size="sm" className="name">
            {words.what[what]}
            {detail && ` (${detail})`}: {words.why[why]}
          </Text>
        </li>
      ))}
    </ul>
  )
}
