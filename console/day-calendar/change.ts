// Changing the state of an appointment. The version that was read goes along: what somebody else has changed is not overwritten.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { appointmentApi } from '#contracts/appointments/appointment'
import type { Appointment, AppointmentStatus } from '#contracts/appointments/appointment-record'

type Change = { appointment: Appointment; status: AppointmentStatus; reason?: string | undefined }

function setStatus({ id, version }: Appointment, status: AppointmentStatus, reason?: string) {
  const body = { status, ...(reason ? { reason } : {}) }
  return call(appointmentApi.setStatus, { params: { appointment_id: id }, body }, { version })
}

export function useStatusChange() {
  const known = useQueryClient()
  return useMutation({
    async mutationFn({ appointment, status, reason }: Change) {
      // Whoever stands at the desk has said that they come: the one state before the other.
      const isUnconfirmed = appointment.status === 'booked' && status === 'checked_in'
      const ready = isUnconfirmed ? await setStatus(appointment, 'confirmed') : appointment
      return setStatus(ready, status, reason)
    },
    // Also after a refusal: what stands there is not what was shown.
    onSettled: () => known.invalidateQueries({ queryKey: ['appointments'] }),
  })
}
