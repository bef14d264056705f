// What the wire shows of a stored appointment, and to whom.
import { certain } from '#platform/certain.ts'
import { type Context, holds } from '#platform/context.ts'
import type { Appointment } from './appointment-record.contract.ts'
import { type Notes, openKey, openNotes } from './appointment.sealing.ts'
import type { StoredAppointment } from './appointment.store.ts'

/** As many no-shows in a row are told to those who book. */
const flaggedNoShows = 3

/** Whether the caller books for others, and so is told who often does not come. */
export function tellsNoShows({ actor }: Context): boolean {
  return holds(actor, 'appointments:create') && holds(actor, 'patients:find')
}

/** People are told nothing about themselves that is meant for those who book for them. */
export function shownAppointment(ctx: Context, stored: StoredAppointment, notes: Notes): Appointment {
  const {
    sealed_notes: _,
    key_id: _key,
    kek_id: _kek,
    wrapped: _wrapped,
    lane,
    consecutive_no_shows,
    ...shown
  } = stored
  const { overbook_reason, ...told } = notes
  if (!tellsNoShows(ctx) || stored.patient_id === ctx.actor.patient_id) return { ...shown, ...told }
  const missed = certain(consecutive_no_shows, 'count of no-shows')
  return {
    ...shown,
    ...told,
    lane,
    ...(lane > 0 ? { overbook_reason } : {}),
    consecutive_no_shows: missed,
    no_show_flag: missed >= flaggedNoShows,
  }
}

export function openedAppointment(ctx: Context, stored: StoredAppointment): Appointment {
  const key = stored.sealed_notes ? openKey(ctx.system.keys.keyring, stored) : undefined
  return shownAppointment(ctx, stored, openNotes(key, stored.id, stored.sealed_notes))
}
