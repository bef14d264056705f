// What is asked and what was found, to be typed.
import { Checkbox, Fieldset, Select, SimpleGrid, Stack, Switch, Text, Textarea, TextInput } from '@mantine/core'
import type { Typed } from './typed.ts'
import { useRadiologyWords } from './words.ts'

export type ReadingFieldsProps = {
  typed: Typed
  /** By the name of the member. */
  wrong: Readonly<Record<string, string | undefined>>
  onType: (part: Partial<Typed>) => void
}

type WrittenPart = 'clinical_indication' | 'technique' | 'findings' | 'impression' | 'recommendations'

export function OrderFields({ typed, wrong, onType }: ReadingFieldsProps) {
  const words = useRadiologyWords()
  return (
    <Fieldset legend={words.order}>
      <Stack gap="sm">
        <SimpleGrid cols={{ base: 1, sm: 3 }}>
          <Select
            label={words.modality}
            data={Object.entries(words.modalities).map(([value, label]) => ({ value, label }))}
            value={typed.modality}
            onChange={(modality) => onType({ modality: modality as Typed['modality'] })}
            error={wrong['modality']}
          />
          <TextInput
            label={words.body_site}
            value={typed.body_site}
            onChange={(event) => onType({ body_site: event.currentTarget.value })}
            error={wrong['body_site']}
            maxLength={200}
          />
          <Select
            label={words.laterality}
            placeholder={words.not_said}
            data={Object.entries(words.lateralities).map(([value, label]) => ({ value, label }))}
            value={typed.laterality}
            onChange={(laterality) => onType({ laterality: laterality as Typed['laterality'] })}
            clearable
            clearButtonProps={{ 'aria-label': words.not_said }}
          />
        </SimpleGrid>
        <Written part="clinical_indication" most={2000} typed={typed} wrong={wrong} onType={onType} />
        <Switch
          label={words.with_contrast}
          checked={typed.with_contrast}
          onChange={(event) => onType({ with_contrast: event.currentTarget.checked })}
        />
        {typed.with_contrast && (
          <TextInput
            label={words.contrast}
            value={typed.contrast}
            onChange={(event) => onType({ contrast: event.currentTarget.value })}
            maxLength={200}
          />
        )}
      </Stack>
    </Fieldset>
  )
}

export function ReportFields({ typed, wrong, onType }: ReadingFieldsProps) {
  const words = useRadiologyWords()
  const fields = { typed, wrong, onType }
  return (
    <Fieldset legend={words.report}>
      <Stack gap="sm">
        <Written part="technique" most={2000} {...fields} />
        <Written part="findings" most={20_000} rows={4} {...fields} />
        <Written part="impression" most={5000} rows={2} {...fields} />
        <Written part="recommendations" most={5000} {...fields} />
        <Checkbox
          label={words.is_critical}
          checked={typed.is_critical}
          onChange={(event) => onType({ is_critical: event.currentTarget.checked })}
        />
        {typed.is_critical && <Text size="sm">{words.critical_hint}</Text>}
      </Stack>
    </Fieldset>
  )
}

type WrittenProps = ReadingFieldsProps & { part: WrittenPart; most: number; rows?: number }

function Written({ part, most, rows = 1, typed, wrong, onType }: WrittenProps) {
  const words = useRadiologyWords()
  return (
    <Textarea
      label={words[part]}
      value={typed[part]}
      onChange={(event) => onType({ [part]: event.currentTarget.value })}
      error={wrong[part]}
      maxLength={most}
      autosize
      minRows={rows}
    />
  )
}
