// Labels and what stands behind them; what is not known is left out.
import { Stack, Text } from '@mantine/core'

export type FactLine = readonly [label: string, text: string | number | null | undefined]

export function FactList({ lines }: { lines: readonly FactLine[] }) {
  return (
    <Stack component="dl" gap="xs" m={0}>
      {lines
        .filter(([, text]) => text !== null && text !== undefined && text !== '')
        .map(([label, text]) => (
          <div key={label}>
            <Text component="dt" size="sm" c="dimmed">
              {label}
            </Text>
            <Text component="dd" m={0} className="name" style={{ whiteSpace: 'pre-wrap' }}>
              {text}
            </Text>
          </div>
        ))}
    </Stack>
  )
}
