// The day as columns. One appointment is in the order of Tab; from it, arrows lead to the others.
import { Text } from '@mantine/core'
import { type KeyboardEvent, useRef, useState } from 'react'
import type { IdentityCard } from '#contracts/patients/patient'
import { nameOf } from '../find-patient/matching.ts'
import { minutesIn } from '../words/clock.ts'
import { useDates } from '../words/dates.ts'
import { useWords } from '../words/words.tsx'
import { isExpected } from './standing.ts'
import { type Target, useDrag } from './drag.ts'
import { type Column, neighbour, type Placed, spanOf } from './layout.ts'
import classes from './columns.module.css'

/** A quarter of an hour is as high as a finger needs. */
const pixelsPerMinute = 2.2
/** What is lower has room for one line. */
const twoLines = 30
const arrows = ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight'] as const

export type DayProps = {
  columns: readonly Column[]
  people: ReadonlyMap<string, IdentityCard> | undefined
  onOpen: (appointment_id: string) => void
}

type ColumnsProps = DayProps & { now: string | undefined; onMove: ((target: Target) => void) | undefined }

export function Columns({ columns, people, onOpen, now, onMove }: ColumnsProps) {
  const { calendar } = useWords()
  const dates = useDates()
  const scroller = useRef<HTMLDivElement>(null)
  const [current, setCurrent] = useState<string>()
  const span = spanOf(columns)
  const hours = Array.from({ length: (span.to - span.from) / 60 }, (_, at) => span.from + at * 60)
  const all = columns.flatMap(({ placed }) => placed)
  const entry = all.some(({ appointment }) => appointment.id === current) ? current : all[0]?.appointment.id
  const height = (span.to - span.from) * pixelsPerMinute
  const drag = useDrag({ columns, from: span.from, pixelsPerMinute, onDrop: (target) => onMove?.(target) })
  const move = (event: KeyboardEvent) => {
    const arrow = arrows.find((key) => key === event.key)
    const id = (event.target as HTMLElement).dataset['appointment']
    if (!arrow || !id) return
    event.preventDefault()
    const next = neighbour(columns, id, arrow)
    if (next) scroller.current?.querySelector<HTMLElement>(`[data-appointment="${next}"]`)?.focus()
  }
  return (
    <div
      className={classes.scroller}
      ref={scroller}
      role="region"
      aria-label={calendar.scroll}
      tabIndex={0}
      onKeyDown={move}
    >
      <div className={classes.day}>
        <div className={classes.hours} aria-hidden>
          <div className={classes.head} />
          <div style={{ height }} className={classes.track}>
            {hours.map((minutes) => (
              <span key={minutes} className={classes.hour} style={{ insetBlockStart: top(minutes, span.from) }}>
                {dates.hour(minutes / 60)}
              </span>
            ))}
          </div>
        </div>
        {columns.map(({ doctor, placed }) => (
          <div
            key={doctor.id}
            className={classes.column}
            role="group"
            aria-label={`${doctor.first_name} ${doctor.last_name}, ${doctor.specialization}`}
          >
            <div className={classes.head}>
              <Text fw={600} size="sm" lineClamp={1} title={`${doctor.first_name} ${doctor.last_name}`}>
                {doctor.first_name} {doctor.last_name}
              </Text>
              <Text size="xs" c="dimmed" lineClamp={1}>
                {doctor.specialization}
              </Text>
            </div>
            <div
              className={classes.track}
              data-track={doctor.id}
              style={{ height, backgroundSize: `100% ${60 * pixelsPerMinute}px` }}
            >
              {placed.length === 0 && <span className={classes.none}>{calendar.none_of_doctor}</span>}
              {placed.map((one) => (
                <Block
                  key={one.appointment.id}
                  placed={one}
                  from={span.from}
                  zone={doctor.timezone}
                  person={people?.get(one.appointment.patient_id)}
                  isEntry={one.appointment.id === entry}
                  onFocus={() => setCurrent(one.appointment.id)}
                  onOpen={() => onOpen(one.appointment.id)}
                  drag={onMove && isExpected(one.appointment) ? drag.handlers(one) : undefined}
                />
              ))}
              {drag.target?.doctor.id === doctor.id && <Ghost target={drag.target} from={span.from} />}
              {now && <Now minutes={minutesIn(now, doctor.timezone)} from={span.from} to={span.to} />}
            </div>
          </div>
        ))}
      </div>
    </div>
  )
}

const top = (minutes: number, from: number) => (minutes - from) * pixelsPerMinute

function Now({ minutes, from, to }: { minutes: number; from: number; to: number }) {
  if (minutes < from || minutes > to) return null
  return <span className={classes.now} style={{ insetBlockStart: top(minutes, from) }} aria-hidden />
}

/** Where it would come to stand. */
function Ghost({ target: { doctor, start }, from }: { target: Target; from: number }) {
  return (
    <span
      className={classes.ghost}
      style={{ insetBlockStart: top(start, from), height: doctor.consultation_minutes * pixelsPerMinute - 2 }}
      aria-hidden
    >
      {`${String(Math.floor(start / 60)).padStart(2, '0')}:${String(start % 60).padStart(2, '0')}`}
    </span>
  )
}

type BlockProps = {
  placed: Placed
  from: number
  zone: string
  person: IdentityCard | undefined
  isEntry: boolean
  onFocus: () => void
  onOpen: () => void
  drag: ReturnType<ReturnType<typeof useDrag>['handlers']> | undefined
}

function Block({ placed, from, zone, person, isEntry, onFocus, onOpen, drag }: BlockProps) {
  const { calendar, find } = useWords()
  const dates = useDates()
  const { appointment, start, end, lane, lanes } = placed
  const time = dates.time(appointment.appointment_time, zone)
  const name =
    appointment.status === 'held'
      ? calendar.held
      : person
        ? nameOf(person) || find.unnamed
        : appointment.confirmation_code
  const status = calendar.statuses[appointment.status]
  const height = Math.max(24, (end - start) * pixelsPerMinute - 2)
  return (
    <button
      type="button"
      className={classes.block}
      data-appointment={appointment.id}
      data-status={appointment.status}
      data-urgent={appointment.priority !== 'routine' || undefined}
      tabIndex={isEntry ? 0 : -1}
      onFocus={onFocus}
      onClick={onOpen}
      {...drag}
      data-movable={drag !== undefined || undefined}
      data-short={height < twoLines || undefined}
      title={`${time} ${name} · ${status}`}
      style={{
        insetBlockStart: top(start, from),
        height,
        insetInlineStart: `${(lane / lanes) * 100}%`,
        width: `calc(${100 / lanes}% - 4px)`,
      }}
    >
      <span className={classes.line}>
        <strong>{time}</strong> {name}
      </span>
      <span className={classes.status}>{status}</span>
    </button>
  )
}
