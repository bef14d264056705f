// Beginning somebody's triage: from then on they are with a nurse, and the form is open.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { visitApi } from '#contracts/visits/visit'

export function useStartTriage() {
  const known = useQueryClient()
  const navigate = useNavigate()
  return useMutation({
    mutationFn: ({ id, version }: { id: string; version: number }) =>
      call(visitApi.setStatus, { params: { visit_id: id }, body: { status: 'triaged' } }, { version }),
    onSuccess: ({ id }) => void navigate({ to: addresses.nursing_assessment, params: { visit_id: id } }),
    // Also after a refusal: somebody else may have been quicker.
    onSettled: () => known.invalidateQueries({ queryKey: ['board'] }),
  })
}

export type StartTriage = ReturnType<typeof useStartTriage>
