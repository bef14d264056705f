// The time that was chosen, once more in full, and the button that books it.
import { Button, Paper, Stack, Text, Textarea, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Doctor } from '#contracts/doctors/doctor'
import type { Slot } from '#contracts/doctors/slot'
import { problemOf } from '../connection/problem-of.ts'
import { ProblemAlert } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { desk } from '../words/desk.ts'
import { useWords, useWordsOf } from '../words/words.tsx'
import classes from './confirm.module.css'
import { freeOf, Planned, type Repeating, Repeats, type useSeriesPlan } from './repeats.tsx'

type ConfirmProps = {
  chosen: Slot | undefined
  doctor: Doctor | undefined
  isMove: boolean
  reason: string
  onReason: (text: string) => void
  isPending: boolean
  error: unknown
  onSend: () => void
  held_until: string | undefined
  repeating: Repeating
  onRepeat: (repeating: Repeating) => void
  plan: ReturnType<typeof useSeriesPlan>
  /** Which occurrences of a series a move is for. */
  scope?: ReactNode
}

export function Confirm({ chosen, doctor, isMove, reason, onReason, isPending, error, onSend, ...more }: ConfirmProps) {
  const { held_until, repeating, onRepeat, plan, scope } = more
  const { book } = useWords()
  const words = useWordsOf(desk)
  const isSeries = !isMove && repeating.rhythm !== null
  const free = plan.data && freeOf(plan.data)
  const dates = useDates()
  return (
    <Paper withBorder shadow="sm" p="lg" className={classes.confirm}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (!isPending) onSend()
        }}
      >
        <Stack>
          <Title order={2} size="h3">
            {book.chosen}
          </Title>
          <div role="status">
            {chosen ? (
              <>
                <Text fw={600} size="lg">
                  {dates.moment(chosen.start, doctor?.timezone)}
                </Text>
                <Text className="name">
                  {doctor ? `${doctor.first_name} ${doctor.last_name}, ${doctor.specialization}` : ''}
                </Text>
                <Text size="sm" c="dimmed" className="name">
                  {doctor?.location} · {book.minutes(chosen.duration_minutes)}
                </Text>
                <Text size="sm" c="dimmed">
                  {held_until ? words.held_until(dates.time(held_until)) : ''}
                </Text>
              </>
            ) : (
              <Text c="dimmed">{book.choose}</Text>
            )}
          </div>
          {!isMove && chosen && <Repeats repeating={repeating} onChange={onRepeat} />}
          {isMove && scope}
          {isSeries && chosen && <Planned plan={plan} doctor={doctor} />}
          {!isMove && (
            <Textarea
              label={book.reason}
              value={reason}
              onChange={(event) => onReason(event.currentTarget.value)}
              maxLength={500}
              autosize
              minRows={2}
            />
          )}
          {error !== null && error !== undefined && <ProblemAlert error={problemOf(error)} />}
          <Button type="submit" size="md" disabled={!chosen || (isSeries && !free)} loading={isPending}>
            {isMove ? book.move : isSeries && free ? words.book_all(free) : book.submit}
          </Button>
        </Stack>
      </form>
    </Paper>
  )
}
