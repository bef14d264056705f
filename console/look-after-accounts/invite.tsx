// Inviting somebody: an account, and a mail with a link to choose a password.
import { Alert, Button, Code, CopyButton, Group, Modal, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { messagesByMember, problemOf } from '../connection/problem-of.ts'
import { type Invitation, userApi } from '#contracts/identity/user'
import { LinkButton } from '../frame/link-button.tsx'
import { Sign } from '../frame/mark.tsx'
import { ProblemAlert } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { useWords } from '../words/words.tsx'
import { useAdministratorWords, useDepartments, useRoles } from './administration.tsx'

export function Invite() {
  const words = useAdministratorWords()
  const { frame } = useWords()
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <Button leftSection={<Sign name="plus" />} onClick={() => setOpen(true)}>
        {words.invite}
      </Button>
      <Modal
        opened={isOpen}
        onClose={() => setOpen(false)}
        title={words.invite}
        closeButtonProps={{ 'aria-label': frame.close }}
      >
        <InviteForm />
      </Modal>
    </>
  )
}

const empty = { email: '', username: '', first_name: '', last_name: '', role: '', department_id: '' }

function InviteForm() {
  const words = useAdministratorWords()
  const { members } = useWords()
  const known = useQueryClient()
  const roles = useRoles()
  const departments = useDepartments()
  const draft = useDraft('invite', empty)
  const form = draft.value
  const send = useMutation({
    mutationFn: () =>
      call(userApi.create, {
        body: {
          email: form.email,
          first_name: form.first_name,
          last_name: form.last_name,
          role: form.role,
          ...(form.username.trim() && { username: form.username }),
          ...(form.department_id && { department_id: form.department_id }),
        },
      }),
    onSuccess: () => {
      draft.forget()
      return known.invalidateQueries({ queryKey: ['users'] })
    },
  })
  const messages = messagesByMember(send.error ? problemOf(send.error) : undefined, members)
  const field = (name: keyof typeof empty) => ({
    value: form[name],
    error: messages[name],
    onChange: (event: { currentTarget: { value: string } }) => draft.change({ [name]: event.currentTarget.value }),
  })
  if (send.data) {
    return (
      <Stack>
        <Alert color="ward" role="status">
          {words.invited}
        </Alert>
        {send.data.invitation && <OneTimeLink invitation={send.data.invitation} />}
        <LinkButton to={addresses.user} params={{ user_id: send.data.id }}>
          {words.open_user}
        </LinkButton>
      </Stack>
    )
  }
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (!send.isPending) send.mutate()
      }}
    >
      <Stack>
        <Text size="sm">{words.invite_text}</Text>
        {send.error && Object.keys(messages).length === 0 && <ProblemAlert error={send.error} />}
        <TextInput label={words.email} type="email" autoComplete="off" required data-autofocus {...field('email')} />
        <TextInput label={words.first_name} autoComplete="off" required {...field('first_name')} />
        <TextInput label={words.last_name} autoComplete="off" required {...field('last_name')} />
        <NativeSelect
          label={words.role}
          required
          data={[{ value: '', label: '' }, ...(roles.data ?? []).map(({ name }) => name)]}
          {...field('role')}
        />
        <NativeSelect
          label={words.department}
          data={[
            { value: '', label: words.no_department },
            ...(departments.data ?? [])
              .filter(({ is_active }) => is_active)
              .map(({ id: value, name: label }) => ({ value, label })),
          ]}
          {...field('department_id')}
        />
        <TextInput label={words.username} description={words.username_help} autoComplete="off" {...field('username')} />
        <Group justify="flex-end">
          <Button type="submit" loading={send.isPending}>
            {words.send_invitation}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

/** Shown once, in case the mail does not arrive. */
export function OneTimeLink({ invitation: { link, expires_at } }: { invitation: Invitation }) {
  const words = useAdministratorWords()
  const dates = useDates()
  return (
    <Stack gap="xs">
      <Text size="sm">{words.link_once(dates.short(expires_at))}</Text>
      <Code block className="name" style={{ whiteSpace: 'pre-wrap' }}>
        {link}
      </Code>
      <CopyButton value={link}>
        {({ copied, copy }) => (
          <Button variant="default" onClick={copy}>
            {copied ? words.copied : words.copy}
          </Button>
        )}
      </CopyButton>
    </Stack>
  )
}
