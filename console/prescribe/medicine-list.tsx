// The medicines of a prescription that is being written, and the notes to them.
import { Button, Group, Stack, Textarea } from '@mantine/core'
import type { ReactNode } from 'react'
import { MedicineFields } from './medicine-fields.tsx'
import { emptyMedicine, type Typed } from './typed.ts'
import { usePrescribeWords } from './words.ts'

const most = 20

type MedicineListProps = {
  typed: Typed
  wrong: Readonly<Record<string, string>>
  onType: (part: Partial<Typed>) => void
  under?: (index: number) => ReactNode
}

export function MedicineList({ typed, wrong, onType, under }: MedicineListProps) {
  const words = usePrescribeWords()
  const { medicines, notes } = typed
  const wrongOf = (index: number) => {
    const start = `medicines.${index}.`
    return Object.fromEntries(
      Object.entries(wrong)
        .filter(([path]) => path.startsWith(start))
        .map(([path, message]) => [path.slice(start.length), message]),
    )
  }
  return (
    <Stack>
      {medicines.map((medicine, index) => (
        <MedicineFields
          // A medicine has no other name than its place: two may be the same.
          key={index}
          number={index + 1}
          medicine={medicine}
          wrong={wrongOf(index)}
          onType={(part) =>
            onType({ medicines: medicines.map((one, at) => (at === index ? { ...one, ...part } : one)) })
          }
          onRemove={
            medicines.length > 1 ? () => onType({ medicines: medicines.filter((_, at) => at !== index) }) : undefined
          }
        >
          {under?.(index)}
        </MedicineFields>
      ))}
      {medicines.length < most && (
        <Group>
          <Button variant="light" onClick={() => onType({ medicines: [...medicines, emptyMedicine] })}>
            {words.more}
          </Button>
        </Group>
      )}
      <Textarea
        label={words.notes}
        value={notes}
        onChange={(event) => onType({ notes: event.currentTarget.value })}
        maxLength={5000}
        autosize
        minRows={1}
      />
    </Stack>
  )
}
