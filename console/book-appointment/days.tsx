// Free times, day by day.
import { Stack, Title } from '@mantine/core'
import type { Doctor } from '#contracts/doctors/doctor'
import type { Slot } from '#contracts/doctors/slot'
import { dateIn } from '../words/clock.ts'
import { useDates } from '../words/dates.ts'
import classes from './free-times.module.css'

type DaysProps = {
  slots: readonly Slot[]
  doctors: readonly Doctor[]
  chosen?: Slot | undefined
  onChoose: (slot: Slot) => void
  /** Where all are of one doctor. */
  isNamed?: boolean
}

export function Days({ slots, doctors, chosen, onChoose, isNamed = true }: DaysProps) {
  const dates = useDates()
  const doctorOf = new Map(doctors.map((doctor) => [doctor.id, doctor]))
  const days = Object.groupBy(slots, (slot) => dateIn(slot.start, doctorOf.get(slot.doctor_id)?.timezone))
  return (
    <Stack gap="md">
      {Object.entries(days).map(([date, ofDay = []]) => (
        <div key={date}>
          <Title order={3} size="h5" mb={6} className={classes.day}>
            {dates.weekday(date)}
          </Title>
          <ul className={classes.times}>
            {ofDay.map((slot) => {
              const doctor = doctorOf.get(slot.doctor_id)
              const isChosen = chosen?.start === slot.start && chosen.doctor_id === slot.doctor_id
              return (
                <li key={`${slot.start} ${slot.doctor_id}`}>
                  <button type="button" className={classes.time} aria-pressed={isChosen} onClick={() => onChoose(slot)}>
                    <strong>{dates.time(slot.start, doctor?.timezone)}</strong>
                    {isNamed && (
                      <span className={classes.doctor}>
                        {doctor ? `${doctor.first_name} ${doctor.last_name}` : ''}
                        <br />
                        {doctor?.specialization}
                      </span>
                    )}
                  </button>
                </li>
              )
            })}
          </ul>
        </div>
      ))}
    </Stack>
  )
}
