// The day of all doctors: side by side where there is room, as a list on a telephone.
import { ActionIcon, Button, Group, Select, Stack, Text, TextInput } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { useLive } from '../connection/use-live.ts'
import { may, useUser } from '../connection/use-session.ts'
import { Sign } from '../frame/mark.tsx'
import { ProblemAlert, Waiting } from '../frame/states.tsx'
import { addDays, dateIn } from '../words/clock.ts'
import { useDates } from '../words/dates.ts'
import { useWords } from '../words/words.tsx'
import { AppointmentPanel } from './appointment-panel.tsx'
import { Columns } from './columns.tsx'
import { calendarConcerns, standing, useDay, useDoctors, usePeople } from './day.ts'
import { DayList } from './day-list.tsx'
import { columnsOf } from './layout.ts'
import { PageTitle } from '../frame/page-title.tsx'

const route = getRouteApi(`/closed${addresses.calendar}`)
/** Two columns and the hours beside them need that much. */
const wide = '(min-width: 48em)'

export function CalendarPage() {
  useLive(calendarConcerns)
  const { calendar } = useWords()
  const dates = useDates()
  const user = useUser()
  const navigate = useNavigate()
  const today = dateIn(new Date())
  const { date = today } = route.useSearch()
  const [specialization, setSpecialization] = useState<string | null>(null)
  const [open_id, setOpen] = useState<string>()
  const isWide = useMediaQuery(wide, undefined, { getInitialValueInEffect: false })
  const doctors = useDoctors()
  const day = useDay(date)
  const people = usePeople(
    (day.data ?? []).map(({ patient_id }) => patient_id),
    may(user, 'patients:find'),
  )
  const go = (to: string) => void navigate({ to: addresses.calendar, search: { date: to === today ? undefined : to } })

  const shownDoctors = (doctors.data ?? []).filter(
    (doctor) => !specialization || doctor.specialization === specialization,
  )
  const appointments = standing(day.data ?? [])
  const columns = columnsOf(shownDoctors, appointments)
  const count = columns.reduce((sum, { placed }) => sum + placed.length, 0)
  const specializations = [...new Set(doctors.data?.map((doctor) => doctor.specialization))].sort()
  const error = doctors.error ?? day.error ?? people.error
  const opened = day.data?.find(({ id }) => id === open_id)
  return (
    <Stack>
      <Group justify="space-between" align="flex-end">
        <div>
          <PageTitle title={calendar.title} />
          <Text role="status">
            {dates.weekday(date)}
            {day.isSuccess ? ` · ${calendar.count(count)}` : ''}
          </Text>
        </div>
        <Group gap="xs" align="flex-end">
          <ActionIcon
            size="input-sm"
            variant="default"
            aria-label={calendar.previous}
            onClick={() => go(addDays(date, -1))}
          >
            <Sign name="back" />
          </ActionIcon>
          <Button variant="default" onClick={() => go(today)} disabled={date === today}>
            {calendar.today}
          </Button>
          <ActionIcon size="input-sm" variant="default" aria-label={calendar.next} onClick={() => go(addDays(date, 1))}>
            <Sign name="forth" />
          </ActionIcon>
          <TextInput
            type="date"
            label={calendar.day}
            value={date}
            onChange={(event) => event.currentTarget.value && go(event.currentTarget.value)}
          />
          <Select
            label={calendar.show}
            placeholder={calendar.all_doctors}
            data={specializations}
            value={specialization}
            onChange={setSpecialization}
            clearable
            clearButtonProps={{ 'aria-label': calendar.all_doctors }}
            w={200}
          />
        </Group>
      </Group>
      {error && <ProblemAlert error={error} onRetry={() => void Promise.all([doctors.refetch(), day.refetch()])} />}
      {doctors.isPending || day.isPending ? (
        !error && <Waiting />
      ) : isWide ? (
        <Columns
          columns={columns}
          people={people.data}
          onOpen={setOpen}
          now={date === today ? new Date().toISOString() : undefined}
        />
      ) : (
        <DayList columns={columns} people={people.data} onOpen={setOpen} />
      )}
      <AppointmentPanel
        appointment={opened}
        person={opened && people.data?.get(opened.patient_id)}
        doctor={doctors.data?.find(({ id }) => id === opened?.doctor_id)}
        onClose={() => setOpen(undefined)}
      />
    </Stack>
  )
}
