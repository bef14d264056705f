// One medicine of a prescription, to be typed; what speaks against it stands under it.
import { Autocomplete, Button, Fieldset, Group, SimpleGrid, Stack, Textarea, TextInput } from '@mantine/core'
import type { ReactNode } from 'react'
import type { TypedMedicine } from './typed.ts'
import { usePrescribeWords } from './words.ts'

type MedicineFieldsProps = {
  number: number
  medicine: TypedMedicine
  /** By the name of the member. */
  wrong: Readonly<Record<string, string | undefined>>
  onType: (part: Partial<TypedMedicine>) => void
  onRemove: (() => void) | undefined
  children?: ReactNode
}

export function MedicineFields({ number, medicine, wrong, onType, onRemove, children }: MedicineFieldsProps) {
  const words = usePrescribeWords()
  const field = (name: keyof TypedMedicine, most: number) => ({
    value: medicine[name],
    onChange: (event: { currentTarget: { value: string } }) => onType({ [name]: event.currentTarget.value }),
    error: wrong[name],
    maxLength: most,
  })
  const numeric = { inputMode: 'decimal' as const, autoComplete: 'off' }
  return (
    <Fieldset legend={words.medicine(number)}>
      <Stack gap="sm">
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <TextInput label={words.name} description={words.name_help} {...field('name', 200)} autoComplete="off" />
          <TextInput
            label={words.dosage}
            description={words.dosage_help}
            {...field('dosage', 200)}
            autoComplete="off"
          />
        </SimpleGrid>
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <Autocomplete
            label={words.route}
            data={words.routes}
            value={medicine.route}
            onChange={(route) => onType({ route })}
            error={wrong['route']}
            maxLength={60}
          />
          <TextInput
            label={words.frequency}
            placeholder={words.frequency_help}
            {...field('frequency', 100)}
            autoComplete="off"
          />
        </SimpleGrid>
        <SimpleGrid cols={{ base: 3, sm: 5 }}>
          <TextInput label={words.duration_days} {...field('duration_days', 3)} {...numeric} />
          <TextInput label={words.quantity} {...field('quantity', 8)} {...numeric} />
          <TextInput label={words.refills} {...field('refills', 2)} {...numeric} />
          <TextInput label={words.form} {...field('form', 100)} />
          <TextInput label={words.code} {...field('code', 7)} autoComplete="off" />
        </SimpleGrid>
        <Textarea label={words.instructions} {...field('instructions', 1000)} autosize minRows={1} />
        {children}
        {onRemove && (
          <Group justify="flex-end">
            <Button size="xs" variant="subtle" color="red" onClick={onRemove} className="wrap">
              {words.remove(medicine.name || words.medicine(number))}
            </Button>
          </Group>
        )}
      </Stack>
    </Fieldset>
  )
}
