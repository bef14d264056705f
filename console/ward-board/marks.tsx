// What stands out on the board. Each says in words what it says in colour.
import { Badge, Text } from '@mantine/core'
import { bandOf } from '#contracts/assessments/news2'
import type { VisitStatus } from '#contracts/visits/visit'
import { useNurseWords } from '../words/nurse.ts'
import classes from './board.module.css'

export function AlertMark() {
  const { board } = useNurseWords()
  return (
    <Badge color="red.9" variant="filled" size="lg" className={classes.mark} tt="none">
      {board.alert}
    </Badge>
  )
}

export function PriorityMark({ priority }: { priority: number }) {
  const { board } = useNurseWords()
  return (
    <Badge color={priority <= 2 ? 'red' : 'gray'} variant="light" size="lg" tt="none" className={classes.mark}>
      {board.priority(priority)}
    </Badge>
  )
}

const colours = { high: 'red', medium: 'yellow', low_medium: 'yellow', low: 'gray' } as const

/** The score of the last vital signs. That a low one has no single dangerous value in it, is not known here: nothing says so. */
export function ScoreMark({ score, status }: { score: number | null; status: VisitStatus }) {
  const { board, form } = useNurseWords()
  if (score === null) {
    return status === 'triaged' ? (
      <Text size="sm" c="dimmed">
        {board.no_news2}
      </Text>
    ) : null
  }
  const band = bandOf(score, {})
  return (
    <Badge color={colours[band]} variant="light" size="lg" tt="none" className={classes.mark}>
      {board.news2(score, band === 'low' ? undefined : form.bands[band])}
    </Badge>
  )
}
