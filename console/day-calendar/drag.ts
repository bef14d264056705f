// Dragging an appointment through the columns of a day, by mouse or pen: where it would come to stand. A finger scrolls instead.
import { type PointerEvent, useRef, useState } from 'react'
import type { Doctor } from '#contracts/doctors/doctor'
import type { Column, Placed } from './layout.ts'

/** A hand that clicks moves a little. */
const leastPixels = 6

export type Target = { placed: Placed; doctor: Doctor; start: number }

const minutesOf = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5))

/** The start of a consultation of the doctor that is nearest, in minutes since midnight. Whether it is free, the server knows. */
export function snap(minutes: number, { available_from, available_to, consultation_minutes }: Doctor): number {
  const from = minutesOf(available_from)
  const last = Math.max(0, Math.floor((minutesOf(available_to) - from) / consultation_minutes) - 1)
  const at = Math.round((minutes - from) / consultation_minutes)
  return from + Math.min(last, Math.max(0, at)) * consultation_minutes
}

type Options = {
  columns: readonly Column[]
  /** Minutes at the top of a track. */
  from: number
  pixelsPerMinute: number
  onDrop: (target: Target) => void
}

export function useDrag({ columns, from, pixelsPerMinute, onDrop }: Options) {
  const [target, setTarget] = useState<Target>()
  const begun = useRef<{ placed: Placed; x: number; y: number; grip: number; is_dragged: boolean }>(undefined)
  const wasDragged = useRef(false)
  const over = ({ clientX, clientY }: PointerEvent): Target | undefined => {
    const { placed, grip } = begun.current ?? {}
    const track = document
      .elementsFromPoint(clientX, clientY)
      .find((element): element is HTMLElement => element instanceof HTMLElement && 'track' in element.dataset)
    const column = columns.find(({ doctor }) => doctor.id === track?.dataset['track'])
    if (!placed || grip === undefined || !track || !column) return undefined
    const minutes = from + (clientY - grip - track.getBoundingClientRect().top) / pixelsPerMinute
    return { placed, doctor: column.doctor, start: snap(minutes, column.doctor) }
  }
  const end = () => {
    begun.current = undefined
    setTarget(undefined)
  }
  return {
    target,
    /** For an element that stands for an appointment. */
    handlers: (placed: Placed) => ({
      onPointerDown(event: PointerEvent<HTMLElement>) {
        if (event.button !== 0 || event.pointerType === 'touch') return
        const grip = event.clientY - event.currentTarget.getBoundingClientRect().top
        wasDragged.current = false
        begun.current = { placed, x: event.clientX, y: event.clientY, grip, is_dragged: false }
      },
      onPointerMove(event: PointerEvent<HTMLElement>) {
        const { current } = begun
        if (!current) return
        if (!current.is_dragged) {
          if (Math.hypot(event.clientX - current.x, event.clientY - current.y) < leastPixels) return
          current.is_dragged = wasDragged.current = true
          event.currentTarget.setPointerCapture(event.pointerId)
        }
        setTarget(over(event))
      },
      onPointerUp(event: PointerEvent<HTMLElement>) {
        const dropped = begun.current?.is_dragged ? over(event) : undefined
        end()
        if (!dropped) return
        const isElsewhere = dropped.start !== placed.start || dropped.doctor.id !== placed.appointment.doctor_id
        if (isElsewhere) onDrop(dropped)
      },
      onPointerCancel: end,
      onKeyDown: ({ key }: { key: string }) => void (key === 'Escape' && end()),
      /** The click that ends a drag opens nothing. */
      onClickCapture(event: { preventDefault(): void; stopPropagation(): void }) {
        if (!wasDragged.current) return
        event.preventDefault()
        event.stopPropagation()
      },
    }),
  }
}
