// A record that is out of reach: asked for with a reason, by whoever may, who is told first what follows.
import { Button, List, Paper, Stack, Text, Textarea } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { problemOf } from '../connection/problem-of.ts'
import { may, useUser } from '../connection/use-session.ts'
import { type EmergencyAccess, emergencyAccessApi } from '#contracts/patients/emergency-access'
import { PageTitle } from '../frame/page-title.tsx'
import { ProblemAlert } from '../frame/states.tsx'
import { useChartWords } from './words.ts'

const keyOf = (patient_id: string) => ['emergency-access', patient_id]
const leastReason = 5

/** What was opened in this window and still stands. */
export function useEmergencyAccess(patient_id: string): EmergencyAccess | undefined {
  const { data } = useQuery<EmergencyAccess | null>({
    queryKey: keyOf(patient_id),
    queryFn: () => null,
    enabled: false,
    gcTime: Infinity,
  })
  return data && Date.parse(data.expires_at) > Date.now() ? data : undefined
}

export function OpenInEmergency({ patient_id }: { patient_id: string }) {
  const words = useChartWords()
  const user = useUser()
  const known = useQueryClient()
  const { value, change, forget } = useDraft(`emergency ${patient_id}`, { reason: '' })
  const open = useMutation({
    mutationFn: () =>
      call(emergencyAccessApi.open_emergency_access, { params: { patient_id }, body: { reason: value.reason } }),
    async onSuccess(access) {
      forget()
      known.setQueryData(keyOf(patient_id), access)
      await known.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== keyOf(patient_id)[0] })
    },
  })
  if (!may(user, 'emergency-access:use')) {
    return (
      <Stack>
        <PageTitle title={words.glass_title} />
        <Text>{words.glass_without}</Text>
      </Stack>
    )
  }
  const isUnknown = open.error && problemOf(open.error).kind.status === 404
  return (
    <Paper withBorder p="lg" maw={680}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (!open.isPending) open.mutate()
        }}
      >
        <Stack>
          <PageTitle title={words.glass_title} />
          <Text>{words.glass_text}</Text>
          <List>
            {words.glass_follows.map((sentence) => (
              <List.Item key={sentence}>{sentence}</List.Item>
            ))}
          </List>
          <Textarea
            label={words.glass_reason}
            description={words.glass_reason_help}
            value={value.reason}
            onChange={(event) => change({ reason: event.currentTarget.value })}
            minLength={leastReason}
            maxLength={1000}
            required
            withAsterisk={false}
            autosize
            minRows={2}
          />
          {isUnknown ? (
            <Text role="alert">{words.glass_without}</Text>
          ) : (
            open.error && <ProblemAlert error={open.error} />
          )}
          <Button type="submit" color="red.9" loading={open.isPending} className="wrap">
            {words.glass_open}
          </Button>
        </Stack>
      </form>
    </Paper>
  )
}
