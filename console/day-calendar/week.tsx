// The week of all doctors: a row a doctor, a column a day. One appointment is in the order of Tab; from it, arrows lead to the others.
import { Text } from '@mantine/core'
import { useQueries } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type KeyboardEvent, useState } from 'react'
import { addresses } from '../addresses.ts'
import type { Appointment } from '#contracts/appointments/appointment-record'
import type { Doctor } from '#contracts/doctors/doctor'
import type { IdentityCard } from '#contracts/patients/patient'
import { doctorName } from '../find-doctor/doctor-name.ts'
import { nameOf } from '../find-patient/matching.ts'
import { dateIn } from '../words/clock.ts'
import { useDates } from '../words/dates.ts'
import { desk } from '../words/desk.ts'
import { useWords, useWordsOf } from '../words/words.tsx'
import { dayQuery } from './day.ts'
import { byTime } from './standing.ts'
import classes from './week.module.css'

/** The appointments of several days. */
export function useDays(dates: readonly string[]) {
  return useQueries({
    queries: dates.map((date) => dayQuery(date)),
    combine: (days) => ({
      data: days.every(({ data }) => data) ? days.flatMap(({ data = [] }) => data) : undefined,
      error: days.find(({ error }) => error)?.error ?? null,
      isPending: days.some(({ isPending }) => isPending),
    }),
  })
}

type WeekProps = {
  dates: readonly string[]
  doctors: readonly Doctor[]
  appointments: readonly Appointment[]
  people: ReadonlyMap<string, IdentityCard> | undefined
  onOpen: (appointment_id: string) => void
}

export function Week({ dates: days, doctors, appointments, people, onOpen }: WeekProps) {
  const words = useWordsOf(desk)
  const { calendar, find } = useWords()
  const dates = useDates()
  const [current, setCurrent] = useState<string>()
  const today = dateIn(new Date())
  const entry = appointments.some(({ id }) => id === current) ? current : undefined
  const cells = Map.groupBy(appointments, ({ doctor_id, appointment_time }) => {
    const zone = doctors.find(({ id }) => id === doctor_id)?.timezone
    return `${doctor_id} ${dateIn(appointment_time, zone)}`
  })
  let isFirst = true
  const move = (event: KeyboardEvent<HTMLElement>) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key]
    const all = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-appointment]')]
    const at = all.indexOf(document.activeElement as HTMLElement)
    if (step === undefined || at < 0) return
    event.preventDefault()
    all[at + step]?.focus()
  }
  const nameIn = ({ patient_id, status, confirmation_code }: Appointment) => {
    const person = people?.get(patient_id)
    return status === 'held' ? calendar.held : person ? nameOf(person) || find.unnamed : confirmation_code
  }
  return (
    <div className={classes.scroller} role="region" aria-label={words.scroll_week} tabIndex={0} onKeyDown={move}>
      <table className={classes.week}>
        <thead>
          <tr>
            <th scope="col">{words.doctor}</th>
            {days.map((date) => (
              <th key={date} scope="col" data-today={date === today || undefined}>
                <Link to={addresses.calendar} search={{ date }} className={classes.date}>
                  {dates.weekday(date)}
                </Link>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {doctors.map((doctor) => (
            <tr key={doctor.id}>
              <th scope="row">
                <Text size="sm" fw={600} className="name">
                  {doctorName(doctor)}
                </Text>
                <Text size="xs" c="dimmed" className="name">
                  {doctor.specialization}
                </Text>
              </th>
              {days.map((date) => (
                <td key={date}>
                  {(cells.get(`${doctor.id} ${date}`) ?? []).toSorted(byTime).map((appointment) => {
                    const isEntry = entry === undefined ? isFirst : appointment.id === entry
                    isFirst = false
                    const time = dates.time(appointment.appointment_time, doctor.timezone)
                    return (
                      <button
                        key={appointment.id}
                        type="button"
                        className={classes.one}
                        data-appointment={appointment.id}
                        data-status={appointment.status}
                        tabIndex={isEntry ? 0 : -1}
                        onFocus={() => setCurrent(appointment.id)}
                        onClick={() => onOpen(appointment.id)}
                        title={`${time} ${nameIn(appointment)} · ${calendar.statuses[appointment.status]}`}
                      >
                        <strong>{time}</strong> {nameIn(appointment)}
                      </button>
                    )
                  })}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
