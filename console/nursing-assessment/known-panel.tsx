// What is known of the person, each with where it comes from. It is read here, and changed in the chart.
import { Paper, Stack, Text, Title } from '@mantine/core'
import type { Prefill } from '#contracts/prefill/prefill'
import { useDates } from '../words/dates.ts'
import { useNurseWords } from '../words/nurse.ts'
import classes from './form.module.css'
import { knownFields, knownOf, readable } from './prefill.ts'

export function KnownPanel({ items }: { items: Prefill['items'] }) {
  const { form: words } = useNurseWords()
  const dates = useDates()
  const known = knownFields.map((field) => ({ field, entries: knownOf(items, field) }))
  return (
    <Paper component="section" withBorder p="md" aria-labelledby="known" className={classes.known}>
      <Title order={2} size="h5" id="known" mb="xs">
        {words.known}
      </Title>
      <Stack gap="sm">
        {known
          .filter(({ field, entries }) => entries.length > 0 || field === 'allergies')
          .map(({ field, entries }) => (
            <div key={field}>
              <Text fw={600} size="sm">
                {words.known_fields[field]}
              </Text>
              {entries.length === 0 && <Text size="sm">{words.no_allergies}</Text>}
              {entries.map((entry) => (
                <div key={`${entry.source.id} ${readable(entry)}`}>
                  <Text size="sm" className="name">
                    {readable(entry)}
                  </Text>
                  <Text size="xs" c="dimmed">
                    {words.source(words.sources[entry.source.type] ?? '', dates.short(entry.source.at))}
                  </Text>
                </div>
              ))}
            </div>
          ))}
      </Stack>
    </Paper>
  )
}
