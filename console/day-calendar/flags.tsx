// What stands out of an appointment: never by colour alone.
import { Badge, Group } from '@mantine/core'
import type { Appointment } from '#contracts/appointments/appointment-record'
import { useWords } from '../words/words.tsx'

export function Flags({ appointment }: { appointment: Appointment }) {
  const { calendar } = useWords()
  const { priority, kind, lane, no_show_flag, consecutive_no_shows } = appointment
  const flags = [
    priority === 'emergency' && { text: calendar.emergency, color: 'red.9' },
    priority === 'urgent' && { text: calendar.urgent, color: 'orange.9' },
    kind === 'telemedicine' && { text: calendar.telemedicine, color: 'ward' },
    lane !== undefined && lane > 0 && { text: calendar.overbooked, color: 'grape.9' },
    no_show_flag && { text: calendar.no_show_flag(consecutive_no_shows ?? 0), color: 'gray.7' },
  ].filter((flag) => flag !== false && flag !== undefined)
  if (flags.length === 0) return null
  return (
    <Group gap={4}>
      {flags.map(({ text, color }) => (
        <Badge key={text} color={color} variant="filled" tt="none" size="sm">
          {text}
        </Badge>
      ))}
    </Group>
  )
}
