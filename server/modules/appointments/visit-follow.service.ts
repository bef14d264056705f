// The appointment goes along with its visit: begun and completed with it, cancelled where nobody was seen.
import { certain } from '#platform/certain.ts'
import type { Context } from '#platform/context.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { eventOf } from './appointment.event.ts'
import { type Followed, followVisit } from './visit-follow.store.ts'

/** A visit that appointments were joined to when it had begun takes them through both steps. */
const steps: Readonly<Record<Followed, readonly Followed[]>> = {
  in_progress: ['in_progress'],
  completed: ['in_progress', 'completed'],
  cancelled: ['cancelled'],
}

/** Where the appointment cannot go there, it stays as it is. */
export async function appointmentFollows(ctx: Context, tx: Tx, id: string, to: Followed): Promise<void> {
  for (const step of steps[to]) {
    const moved = await tx.first(followVisit(id, step, certain(ctx.actor.user_id, 'user')))
    if (!moved) continue
    const { patient_id, doctor_id, appointment_time, version, from_status } = moved
    const isCancel = step === 'cancelled'
    const details = { from_status, to_status: step }
    const payload = { doctor_id, appointment_time, version, ...details }
    tx.audit({
      action: isCancel ? 'appointment.cancel' : 'appointment.set_status',
      resource_type: 'appointment',
      resource_id: id,
      patient_id,
      details,
    })
    tx.emit(eventOf(isCancel ? 'cancelled' : 'status_changed', { id, patient_id }, payload))
  }
}
