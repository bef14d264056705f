// Changing the state of a visit. Where it may go, the server decides.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { type Visit, visitApi, type VisitStatus } from '#contracts/visits/visit'

function setStatus({ id, version }: Visit, status: VisitStatus): Promise<Visit> {
  return call(visitApi.setStatus, { params: { visit_id: id }, body: { status } }, { version })
}

/** Also after a refusal: what stands there is not what was shown. */
function useRefresh() {
  const known = useQueryClient()
  return () =>
    Promise.all(['visits', 'appointments', 'timeline'].map((key) => known.invalidateQueries({ queryKey: [key] })))
}

/** Whoever takes somebody whom no nurse has seen has triaged them by looking at them. */
export function useBegin() {
  const refresh = useRefresh()
  return useMutation({
    mutationFn: async (visit: Visit) =>
      setStatus(visit.status === 'registered' ? await setStatus(visit, 'triaged') : visit, 'in_progress'),
    onSettled: refresh,
  })
}

export function useVisitStatus() {
  const refresh = useRefresh()
  return useMutation({
    mutationFn: ({ visit, status }: { visit: Visit; status: VisitStatus }) => setStatus(visit, status),
    onSettled: refresh,
  })
}
