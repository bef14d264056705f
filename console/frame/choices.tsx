// Language, and light or dark.
import { SegmentedControl, Select, Stack, Text, useMantineColorScheme } from '@mantine/core'
import { useId } from 'react'
import { type Language, languages, useSpoken } from '../words/words.tsx'

export function LanguageChoice() {
  const { words, language, choose } = useSpoken()
  return (
    <Select
      aria-label={words.frame.language}
      data={Object.entries(languages).map(([value, label]) => ({ value, label }))}
      value={language}
      onChange={(value) => value && choose(value as Language)}
      allowDeselect={false}
      size="xs"
      w={140}
      comboboxProps={{ withinPortal: true }}
    />
  )
}

export function SchemeChoice() {
  const { frame } = useSpoken().words
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const label = useId()
  return (
    <Stack gap={4}>
      <Text size="xs" id={label}>
        {frame.appearance}
      </Text>
      <SegmentedControl
        aria-labelledby={label}
        size="xs"
        value={colorScheme}
        onChange={(value) => setColorScheme(value as typeof colorScheme)}
        data={[
          { value: 'light', label: frame.light },
          { value: 'dark', label: frame.dark },
          { value: 'auto', label: frame.as_system },
        ]}
      />
    </Stack>
  )
}
