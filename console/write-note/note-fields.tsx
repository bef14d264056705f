// The parts of a note of its kind, to be typed.
import { Stack, Textarea } from '@mantine/core'
import type { Note, ShownContent } from '#contracts/chart/note'
import { useChartWords } from '../read-chart/words.ts'

/** As a form holds it: what is not written is empty. */
export type Typed = Record<keyof ShownContent, string>

const parts: readonly (keyof ShownContent)[] = ['subjective', 'objective', 'assessment', 'plan']
const partsOf = (kind: Note['kind']) => (kind === 'soap' ? parts : (['text'] as const))

export function typedOf(content: ShownContent): Typed {
  const { subjective, objective, assessment, plan, text } = content
  return {
    subjective: subjective ?? '',
    objective: objective ?? '',
    assessment: assessment ?? '',
    plan: plan ?? '',
    text: text ?? '',
  }
}

type NoteFieldsProps = {
  kind: Note['kind']
  typed: Typed
  onType: (part: Partial<Typed>) => void
  isDisabled?: boolean
}

export function NoteFields({ kind, typed, onType, isDisabled = false }: NoteFieldsProps) {
  const words = useChartWords()
  return (
    <Stack gap="sm">
      {partsOf(kind).map((part) => (
        <Textarea
          key={part}
          label={words.note_parts[part]}
          value={typed[part]}
          onChange={(event) => onType({ [part]: event.currentTarget.value })}
          maxLength={20_000}
          autosize
          minRows={part === 'text' ? 6 : 2}
          disabled={isDisabled}
        />
      ))}
    </Stack>
  )
}
