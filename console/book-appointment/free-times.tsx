// The next free times that fit, day by day.
import { Button, Select, SimpleGrid, Stack, Text, TextInput, Title } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import type { Doctor } from '#contracts/doctors/doctor'
import { type Slot, slotApi, type SlotPriority } from '#contracts/doctors/slot'
import { ReadProblem, Waiting } from '../frame/states.tsx'
import { dateIn } from '../words/clock.ts'
import { useWords } from '../words/words.tsx'
import { Days } from './days.tsx'

export type Wishes = { specialization: string | null; doctor_id: string | null; from: string; priority: SlotPriority }

const first = 24
const most = 96

type FreeTimesProps = {
  doctors: readonly Doctor[]
  wishes: Wishes
  onWish: (part: Partial<Wishes>) => void
  chosen: Slot | undefined
  onChoose: (slot: Slot) => void
  /** After a time was taken by somebody else. */
  nearest: readonly Slot[] | undefined
}

export function FreeTimes({ doctors, wishes, onWish, chosen, onChoose, nearest }: FreeTimesProps) {
  const { book } = useWords()
  const [limit, setLimit] = useState(first)
  const { specialization, doctor_id, from, priority } = wishes
  const found = useQuery({
    queryKey: ['slots', wishes, limit],
    queryFn: () =>
      call(slotApi.listNext, {
        query: {
          limit: String(limit),
          priority,
          ...(doctor_id ? { doctor_ids: doctor_id } : specialization ? { specialization } : {}),
          ...(/^\d{4}-\d{2}-\d{2}$/.test(from) ? { from } : {}),
        },
      }),
    placeholderData: keepPreviousData,
  })
  const specializations = [...new Set(doctors.map((doctor) => doctor.specialization))].sort((a, b) =>
    a.localeCompare(b),
  )
  const offered = doctors.filter((doctor) => specialization === null || doctor.specialization === specialization)
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <Select
          label={book.specialization}
          placeholder={book.any_specialization}
          data={specializations}
          value={specialization}
          onChange={(value) => onWish({ specialization: value, doctor_id: null })}
          searchable
          clearable
          clearButtonProps={{ 'aria-label': book.any_specialization }}
          size="md"
        />
        <Select
          label={book.doctor}
          placeholder={book.any_doctor}
          data={offered.map(({ id, first_name, last_name }) => ({ value: id, label: `${last_name}, ${first_name}` }))}
          value={doctor_id}
          onChange={(value) => onWish({ doctor_id: value })}
          searchable
          clearable
          clearButtonProps={{ 'aria-label': book.any_doctor }}
          size="md"
        />
        <TextInput
          type="date"
          label={book.from}
          value={from}
          min={dateIn(new Date())}
          onChange={(event) => onWish({ from: event.currentTarget.value })}
          size="md"
        />
        <Select
          label={book.priority}
          data={Object.entries(book.priorities).map(([value, label]) => ({ value, label }))}
          value={priority}
          onChange={(value) => value && onWish({ priority: value as SlotPriority })}
          allowDeselect={false}
          size="md"
        />
      </SimpleGrid>
      {nearest && nearest.length > 0 && (
        <section role="alert">
          <Text mb="xs" fw={600}>
            {book.taken}
          </Text>
          <Days slots={nearest} doctors={doctors} chosen={chosen} onChoose={onChoose} />
        </section>
      )}
      <section aria-labelledby="free-times">
        <Title order={2} size="h3" mb="xs" id="free-times">
          {book.free}
        </Title>
        {found.isPending && <Waiting />}
        {found.error && <ReadProblem error={found.error} />}
        {found.data?.items.length === 0 && <Text c="dimmed">{book.none}</Text>}
        {found.data && <Days slots={found.data.items} doctors={doctors} chosen={chosen} onChoose={onChoose} />}
        {found.data?.items.length === limit && limit < most && (
          <Button variant="subtle" mt="sm" onClick={() => setLimit(limit * 2)} loading={found.isFetching}>
            {book.more}
          </Button>
        )}
      </section>
    </Stack>
  )
}
