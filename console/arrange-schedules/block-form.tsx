// Hours on one day of the week or several, of one kind.
import { Button, Checkbox, Group, NumberInput, SimpleGrid, Stack, TextInput } from '@mantine/core'
import { useDraft } from '../connection/drafts.ts'
import { problemOf } from '../connection/problem-of.ts'
import type { BlockRequest } from '#contracts/doctors/schedule'
import { ProblemAlert } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { useWeekdays } from './weekdays.ts'
import { useScheduleWords } from './words.ts'

const weekdays = [1, 2, 3, 4, 5, 6, 7] as const

type BlockFormProps = {
  doctor_id: string
  /** The place of the first of these among all that are sent. */
  first: number
  isPending: boolean
  error: unknown
  onAdd: (blocks: BlockRequest[]) => void
}

export function BlockForm({ doctor_id, first, isPending, error, onAdd }: BlockFormProps) {
  const words = useScheduleWords()
  const { members } = useWords()
  const weekday = useWeekdays()
  const draft = useDraft(`hours ${doctor_id}`, {
    days: [] as number[],
    start_time: '09:00',
    end_time: '13:00',
    slot_minutes: '' as number | '',
    share: 0,
    location: '',
    valid_from: '',
    valid_until: '',
  })
  const { days, start_time, end_time, slot_minutes, share, location, valid_from, valid_until } = draft.value
  const problem = error ? problemOf(error) : undefined
  const messages = messagesOfBlock(problem?.members.errors ?? [], first, members)
  const text = (name: 'start_time' | 'end_time' | 'location' | 'valid_from' | 'valid_until') => ({
    value: draft.value[name],
    onChange: (event: { currentTarget: { value: string } }) => draft.change({ [name]: event.currentTarget.value }),
    error: messages[name],
    autoComplete: 'off',
  })
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (days.length === 0 || isPending) return
        onAdd(
          days.map((day) => ({
            weekday: day,
            start_time,
            // A field for a time knows no 24:00: midnight ends the day.
            end_time: end_time === '00:00' ? '24:00' : end_time,
            ...(slot_minutes !== '' && { slot_minutes }),
            emergency_share: share / 100,
            location: location.trim() || null,
            ...(valid_from && { valid_from }),
            valid_until: valid_until || null,
          })),
        )
      }}
    >
      <Stack>
        {problem && <ProblemAlert error={problem} />}
        <Checkbox.Group
          label={words.on_days}
          value={days.map(String)}
          onChange={(values) => draft.change({ days: values.map(Number).toSorted((one, other) => one - other) })}
        >
          <Group mt={4}>
            {weekdays.map((day) => (
              <Checkbox key={day} value={String(day)} label={weekday(day)} />
            ))}
          </Group>
        </Checkbox.Group>
        <SimpleGrid cols={2}>
          <TextInput label={words.from} type="time" {...text('start_time')} />
          <TextInput label={words.until} type="time" {...text('end_time')} />
          <NumberInput
            label={words.slot_minutes}
            description={words.slot_help}
            value={slot_minutes}
            onChange={(value) => draft.change({ slot_minutes: value === '' ? '' : Number(value) })}
            error={messages['slot_minutes']}
            min={5}
            max={240}
            allowDecimal={false}
          />
          <NumberInput
            label={words.share}
            value={share}
            onChange={(value) => draft.change({ share: Number(value) })}
            error={messages['emergency_share']}
            min={0}
            max={100}
            allowDecimal={false}
          />
        </SimpleGrid>
        <TextInput label={words.place} {...text('location')} maxLength={200} />
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <TextInput label={words.valid_from} description={words.valid_from_help} type="date" {...text('valid_from')} />
          <TextInput label={words.valid_until} type="date" {...text('valid_until')} />
        </SimpleGrid>
        <Group justify="flex-end">
          <Button type="submit" loading={isPending} disabled={days.length === 0}>
            {words.add_hours}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

type Located = { path: string; code: string; message: string }

/** `/body/blocks/4/end_time` is about this form where the block of that place is one of its own; they are alike. */
function messagesOfBlock(errors: readonly Located[], first: number, words: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    errors.flatMap(({ path, code, message }) => {
      const [, place, member] = /^\/body\/blocks\/(\d+)\/(\w+)/.exec(path) ?? []
      return member !== undefined && Number(place) >= first ? [[member, words[code] ?? message]] : []
    }),
  )
}
