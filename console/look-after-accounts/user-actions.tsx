// What can be done for somebody who cannot get in, or should not any more.
import { Alert, Button, Group, Modal, Paper, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Proof } from '../account/proof.tsx'
import { call } from '../connection/call.ts'
import { problemOf } from '../connection/problem-of.ts'
import { may, useUser } from '../connection/use-session.ts'
import { type Invitation, type User, userApi } from '#contracts/identity/user'
import { ProblemAlert } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { useAdministratorWords } from './administration.tsx'
import { OneTimeLink } from './invite.tsx'

export function UserActions({ user }: { user: User }) {
  const words = useAdministratorWords()
  const { frame } = useWords()
  const me = useUser()
  const known = useQueryClient()
  const params = { user_id: user.id }
  const act = useMutation({
    mutationFn: async ({ ask }: { ask: () => Promise<unknown>; done?: string }) => ask(),
    onSuccess: () => known.invalidateQueries({ queryKey: ['users'] }),
  })
  const mustProve = act.error && problemOf(act.error).kind.code === 'reauth_required'
  const button = (label: string, ask: () => Promise<unknown>, done?: string) => (
    <Button
      variant="default"
      loading={act.isPending && act.variables?.done === done}
      onClick={() => act.mutate({ ask, ...(done !== undefined && { done }) })}
    >
      {label}
    </Button>
  )
  const isOwn = user.id === me.id
  const invitation = act.isSuccess && isInvitation(act.data) ? act.data : undefined
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        <Title order={2} size="h4">
          {words.do}
        </Title>
        {act.error && !mustProve && <ProblemAlert error={act.error} />}
        {act.isSuccess && act.variables.done && (
          <Alert color="ward" role="status">
            {act.variables.done}
          </Alert>
        )}
        {invitation && <OneTimeLink invitation={invitation} />}
        {user.awaits_approval && !user.email_verified && <Text size="sm">{words.unproven_text}</Text>}
        {user.awaits_approval && user.email_verified && (
          <Do text={words.approve_text}>
            {button(words.approve, () => call(userApi.approve, { params }), words.approved)}
          </Do>
        )}
        {!isOwn && user.failed_logins > 0 && (
          <Do text={words.unlock_text(user.failed_logins)}>
            {button(words.unlock, () => call(userApi.unlock, { params }), words.unlocked)}
          </Do>
        )}
        {user.has_password ? (
          <Do>{button(words.reset, () => call(userApi.startReset, { params }), words.reset_done)}</Do>
        ) : (
          <Do>{button(words.reinvite, () => call(userApi.invite, { params }), words.invited)}</Do>
        )}
        {!isOwn && user.mfa_enabled && (
          <Do text={words.remove_mfa_text}>
            {button(words.remove_mfa, () => call(userApi.removeMfa, { params }), words.removed_mfa)}
          </Do>
        )}
        {!isOwn && may(me, 'access:review') && (
          <Do text={words.review_text}>
            {button(
              words.keep,
              () => call(userApi.review, { params, body: { verdict: 'keep' } }),
              `${words.reviewed} ${words.keep}.`,
            )}
            {button(
              words.change,
              () => call(userApi.review, { params, body: { verdict: 'change' } }),
              `${words.reviewed} ${words.change}.`,
            )}
          </Do>
        )}
        <Modal
          opened={Boolean(mustProve)}
          onClose={() => act.reset()}
          title={words.prove}
          closeButtonProps={{ 'aria-label': frame.close }}
        >
          <Proof onProven={() => act.variables && act.mutate(act.variables)} />
        </Modal>
      </Stack>
    </Paper>
  )
}

function Do({ text, children }: { text?: string; children: ReactNode }) {
  return (
    <div>
      {text && (
        <Text size="sm" mb={4}>
          {text}
        </Text>
      )}
      <Group gap="xs">{children}</Group>
    </div>
  )
}

function isInvitation(answer: unknown): answer is Invitation {
  return typeof answer === 'object' && answer !== null && 'link' in answer
}
