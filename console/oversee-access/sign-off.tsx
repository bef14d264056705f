// Saying whether something was justified: once, and never about oneself.
import { Button, Group, Modal, Radio, Stack, Text, Textarea } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useDraft } from '../connection/drafts.ts'
import { messagesByMember, problemOf } from '../connection/problem-of.ts'
import { ProblemAlert } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { useAuditorWords } from './oversight.tsx'

export type Verdict = 'justified' | 'not_justified'

type Props = {
  id: string
  /** What it is about, as the dialog repeats it. */
  about: ReactNode
  name: string
  hasRemark: boolean
  queryKey: string
  send: (verdict: Verdict, remark: string) => Promise<unknown>
}

export function SignOff({ id, about, name, hasRemark, queryKey, send }: Props) {
  const words = useAuditorWords()
  const { frame } = useWords()
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <Button size="compact-sm" variant="light" aria-label={words.sign_off_of(name)} onClick={() => setOpen(true)}>
        {words.sign_off}
      </Button>
      <Modal
        opened={isOpen}
        onClose={() => setOpen(false)}
        title={words.sign_off}
        closeButtonProps={{ 'aria-label': frame.close }}
      >
        <Stack>
          {about}
          <VerdictForm id={id} hasRemark={hasRemark} queryKey={queryKey} send={send} onDone={() => setOpen(false)} />
        </Stack>
      </Modal>
    </>
  )
}

type FormProps = Pick<Props, 'id' | 'hasRemark' | 'queryKey' | 'send'> & { onDone: () => void }

function VerdictForm({ id, hasRemark, queryKey, send, onDone }: FormProps) {
  const words = useAuditorWords()
  const { members } = useWords()
  const known = useQueryClient()
  const draft = useDraft<{ verdict: Verdict | ''; remark: string }>(`sign-off ${id}`, { verdict: '', remark: '' })
  const { verdict, remark } = draft.value
  const signOff = useMutation({
    mutationFn: (chosen: Verdict) => send(chosen, remark),
    onSuccess: () => {
      draft.forget()
      onDone()
    },
    // Somebody else may have signed it off: the list shows what they said.
    onSettled: () => known.invalidateQueries({ queryKey: [queryKey] }),
  })
  const messages = messagesByMember(signOff.error ? problemOf(signOff.error) : undefined, members)
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (verdict !== '' && !signOff.isPending) signOff.mutate(verdict)
      }}
    >
      <Stack>
        {signOff.error && Object.keys(messages).length === 0 && <ProblemAlert error={signOff.error} />}
        <Radio.Group
          label={words.verdict}
          value={verdict}
          onChange={(value) => draft.change({ verdict: value as Verdict })}
        >
          <Group mt={4}>
            {(['justified', 'not_justified'] as const).map((value) => (
              <Radio key={value} value={value} label={words.verdicts[value]} />
            ))}
          </Group>
        </Radio.Group>
        {hasRemark && (
          <Textarea
            label={words.remark}
            description={words.remark_help}
            value={remark}
            onChange={(event) => draft.change({ remark: event.currentTarget.value })}
            error={messages['remark']}
            maxLength={2000}
            minRows={3}
            autosize
          />
        )}
        <Group justify="flex-end">
          <Button type="submit" loading={signOff.isPending} disabled={verdict === ''}>
            {words.submit}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

/** What became of it, or the button for whoever may say so. */
export function Outcome({
  verdict,
  isOwn,
  children,
}: {
  verdict: Verdict | null
  isOwn: boolean
  children: ReactNode
}) {
  const words = useAuditorWords()
  if (verdict) {
    return (
      <Text size="sm" fw={600} {...(verdict === 'not_justified' && { c: 'var(--mantine-color-error)' })}>
        {words.verdicts[verdict]}
      </Text>
    )
  }
  return isOwn ? <Text size="sm">{words.own}</Text> : children
}
