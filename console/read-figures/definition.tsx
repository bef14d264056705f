// The definition of a figure, as the catalogue has it, behind the title of the figure.
import { Popover, Stack, Text, UnstyledButton } from '@mantine/core'
import { useState } from 'react'
import type { Metric } from '#contracts/analytics/metric'
import { useFigureWords, useWriting } from './figures.tsx'
import classes from './figures.module.css'

export function Defined({ metric }: { metric: Metric }) {
  const words = useFigureWords()
  const writing = useWriting()
  const [isOpen, setOpen] = useState(false)
  const title = writing.title(metric)
  const lines = [
    [words.counted, metric.numerator],
    [words.divided_by, metric.denominator ?? words.whole],
    [words.left_out, metric.exclusions],
    [words.time, metric.time],
  ] as const
  return (
    <Popover opened={isOpen} onChange={setOpen} width={320} position="bottom-start" withArrow trapFocus returnFocus>
      <Popover.Target>
        <UnstyledButton className={classes.defined} onClick={() => setOpen(!isOpen)}>
          {title}
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown aria-label={words.definition_of(title)} tabIndex={-1}>
        <Text fw={600} size="sm" mb="xs">
          {words.definition_of(title)}
        </Text>
        {/* The catalogue speaks English. */}
        <Stack component="dl" gap={6} m={0}>
          {lines.map(([label, text]) => (
            <div key={label}>
              <Text component="dt" size="xs" c="dimmed">
                {label}
              </Text>
              <Text component="dd" m={0} size="sm" className="name" lang="en">
                {text}
              </Text>
            </div>
          ))}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}
