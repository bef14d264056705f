// The day, or the week, of all doctors: side by side where there is room, as a list on a telephone.
import { ActionIcon, Alert, Button, Group, SegmentedControl, Select, Stack, Text, TextInput } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import { addresses } from '../addresses.ts'
import { useLive } from '../connection/use-live.ts'
import { may, useUser } from '../connection/use-session.ts'
import type { Appointment } from '#contracts/appointments/appointment-record'
import type { Doctor } from '#contracts/doctors/doctor'
import { nameOf } from '../find-patient/matching.ts'
import { Sign } from '../frame/mark.tsx'
import { ReadProblem, Waiting } from '../frame/states.tsx'
import { addDays, dateIn, weekOf } from '../words/clock.ts'
import { useDates } from '../words/dates.ts'
import { desk } from '../words/desk.ts'
import { useWords, useWordsOf } from '../words/words.tsx'
import { AppointmentPanel } from './appointment-panel.tsx'
import { Columns } from './columns.tsx'
import { calendarConcerns, useDoctors, usePeople } from './day.ts'
import { standing } from './standing.ts'
import { DayLists } from './day-list.tsx'
import { columnsOf } from './layout.ts'
import { MoveDialog, type Wanted, wantedOf } from './move-dialog.tsx'
import { useDays, Week } from './week.tsx'
import { PageTitle } from '../frame/page-title.tsx'

const route = getRouteApi(`/closed${addresses.calendar}`)
/** Two columns and the hours beside them need that much. */
const wide = '(min-width: 48em)'

export function CalendarPage() {
  useLive(calendarConcerns)
  const words = useWordsOf(desk)
  const { calendar } = useWords()
  const dates = useDates()
  const user = useUser()
  const navigate = useNavigate()
  const today = dateIn(new Date())
  const { date = today, view } = route.useSearch()
  const [specialization, setSpecialization] = useState<string | null>(null)
  const [open_id, setOpen] = useState<string>()
  const [wanted, setWanted] = useState<Wanted>()
  const [moved, setMoved] = useState<{ before: Appointment | undefined; after: Appointment }>()
  const isWide = useMediaQuery(wide, undefined, { getInitialValueInEffect: false })
  const doctors = useDoctors()
  const days = view === 'week' ? weekOf(date) : [date]
  const read = useDays(days)
  const shown = useRef<Appointment[]>([])
  // The day that one comes from stays until the next is here.
  if (read.data) shown.current = read.data
  const all = read.data ?? shown.current
  const mayFind = may(user, 'patients:find')
  const people = usePeople(
    all.map(({ patient_id }) => patient_id),
    mayFind,
  )
  const step = view === 'week' ? 7 : 1
  const go = (to: string, next = view) =>
    void navigate({ to: addresses.calendar, search: { date: to === today ? undefined : to, view: next } })

  const shownDoctors = (doctors.data ?? []).filter(
    (doctor) => !specialization || doctor.specialization === specialization,
  )
  const isShown = new Set(shownDoctors.map(({ id }) => id))
  const appointments = standing(all).filter(({ doctor_id }) => isShown.has(doctor_id))
  const columns = columnsOf(shownDoctors, appointments)
  const specializations = [...new Set(doctors.data?.map((doctor) => doctor.specialization))].sort()
  const error = doctors.error ?? read.error ?? people.error
  const find = (id: string | undefined) => all.find((appointment) => appointment.id === id)
  const opened = find(open_id)
  const nameIn = ({ patient_id, confirmation_code }: Appointment) => {
    const person = people.data?.get(patient_id)
    return person ? nameOf(person) : confirmation_code
  }
  const title =
    view === 'week'
      ? words.week_of(dates.weekday(days[0] ?? date), dates.weekday(days[6] ?? date))
      : dates.weekday(date)
  const before = moved?.before
  function moveBack({ doctor_id, appointment_time }: Appointment, after: Appointment) {
    setWanted({ appointment: find(after.id) ?? after, to: { doctor_id, appointment_time } })
    setMoved(undefined)
  }
  return (
    <Stack>
      <Group justify="space-between" align="flex-end">
        <div>
          <PageTitle title={calendar.title} />
          <Text role="status">
            {title}
            {read.data ? ` · ${calendar.count(appointments.length)}` : ''}
          </Text>
        </div>
        <Group gap="xs" align="flex-end">
          <SegmentedControl
            aria-label={words.view}
            data={[
              { value: 'day', label: words.day },
              { value: 'week', label: words.week },
            ]}
            value={view ?? 'day'}
            onChange={(next) => go(date, next === 'week' ? 'week' : undefined)}
          />
          <ActionIcon
            size="input-sm"
            variant="default"
            aria-label={view === 'week' ? words.previous_week : calendar.previous}
            onClick={() => go(addDays(date, -step))}
          >
            <Sign name="back" />
          </ActionIcon>
          <Button variant="default" onClick={() => go(today)} disabled={date === today}>
            {calendar.today}
          </Button>
          <ActionIcon
            size="input-sm"
            variant="default"
            aria-label={view === 'week' ? words.next_week : calendar.next}
            onClick={() => go(addDays(date, step))}
          >
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
      {error && <ReadProblem error={error} />}
      <div role="status">
        {moved && (
          <Moved
            name={nameIn(moved.after)}
            appointment={moved.after}
            doctor={doctors.data?.find(({ id }) => id === moved.after.doctor_id)}
            onBack={before && (() => moveBack(before, moved.after))}
          />
        )}
      </div>
      {/* Hundreds of appointments are drawn once, by name. */}
      {doctors.isPending || (read.isPending && all.length === 0) || people.isLoading ? (
        !error && <Waiting />
      ) : view === 'week' && isWide ? (
        <Week dates={days} doctors={shownDoctors} appointments={appointments} people={people.data} onOpen={setOpen} />
      ) : isWide ? (
        <Columns
          columns={columns}
          people={people.data}
          onOpen={setOpen}
          now={date === today ? new Date().toISOString() : undefined}
          onMove={may(user, 'appointments:update') ? (target) => setWanted(wantedOf(target, date)) : undefined}
        />
      ) : (
        <DayLists days={days} columns={columns} people={people.data} onOpen={setOpen} />
      )}
      <AppointmentPanel
        appointment={opened}
        person={opened && people.data?.get(opened.patient_id)}
        doctor={doctors.data?.find(({ id }) => id === opened?.doctor_id)}
        onClose={() => setOpen(undefined)}
      />
      <MoveDialog
        wanted={wanted}
        now={find(wanted?.appointment.id)}
        name={wanted ? nameIn(wanted.appointment) : ''}
        onDone={(after, isMany) => {
          // What took others with it is not taken back by one.
          if (wanted) setMoved({ before: isMany ? undefined : wanted.appointment, after })
          setWanted(undefined)
        }}
        onClose={() => setWanted(undefined)}
      />
    </Stack>
  )
}

type MovedProps = {
  name: string
  appointment: Appointment
  doctor: Doctor | undefined
  onBack: (() => void) | undefined
}

function Moved({ name, appointment, doctor, onBack }: MovedProps) {
  const words = useWordsOf(desk)
  const dates = useDates()
  return (
    <Alert color="ward">
      <Group justify="space-between" gap="xs">
        <Text size="sm" className="name">
          {words.moved(name, dates.short(appointment.appointment_time, doctor?.timezone))}
        </Text>
        {onBack && (
          <Button size="xs" variant="default" onClick={onBack}>
            {words.move_back}
          </Button>
        )}
      </Group>
    </Alert>
  )
}
