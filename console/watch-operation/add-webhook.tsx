// Having another program told of events. The secret is shown once.
import { Button, Code, CopyButton, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { messagesByMember, problemOf } from '../connection/problem-of.ts'
import { webhookApi } from '#contracts/webhooks/webhook'
import { Sign } from '../frame/mark.tsx'
import { ProblemAlert } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { useOperationWords } from './operation.tsx'

export function AddWebhook() {
  const words = useOperationWords()
  const { frame } = useWords()
  const [isOpen, setOpen] = useState(false)
  const close = () => setOpen(false)
  return (
    <>
      <Button leftSection={<Sign name="plus" />} onClick={() => setOpen(true)}>
        {words.add}
      </Button>
      <Modal opened={isOpen} onClose={close} title={words.add} closeButtonProps={{ 'aria-label': frame.close }}>
        <WebhookForm onDone={close} />
      </Modal>
    </>
  )
}

function WebhookForm({ onDone }: { onDone: () => void }) {
  const words = useOperationWords()
  const { members } = useWords()
  const known = useQueryClient()
  const draft = useDraft('webhook', { url: '', description: '', types: '' })
  const { url, description, types } = draft.value
  const add = useMutation({
    mutationFn: () =>
      call(webhookApi.create, {
        body: {
          url,
          ...(description.trim() && { description }),
          types: types
            .split(',')
            .map((type) => type.trim())
            .filter((type) => type !== ''),
        },
      }),
    onSuccess: () => {
      draft.forget()
      return known.invalidateQueries({ queryKey: ['webhooks'] })
    },
  })
  const messages = messagesByMember(add.error ? problemOf(add.error) : undefined, members)
  const typesError = Object.entries(messages).find(([member]) => member.startsWith('types'))?.[1]
  if (add.data) {
    return (
      <Stack>
        <Text>{words.secret}</Text>
        <Code block className="name" style={{ whiteSpace: 'pre-wrap' }}>
          {add.data.secret}
        </Code>
        <Group>
          <CopyButton value={add.data.secret}>
            {({ copied, copy }) => (
              <Button variant="default" onClick={copy}>
                {copied ? words.copied : words.copy}
              </Button>
            )}
          </CopyButton>
          <Button onClick={onDone}>{words.done}</Button>
        </Group>
      </Stack>
    )
  }
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (!add.isPending) add.mutate()
      }}
    >
      <Stack>
        {add.error && Object.keys(messages).length === 0 && <ProblemAlert error={add.error} />}
        <TextInput
          label={words.url}
          description={words.url_help}
          value={url}
          error={messages['url']}
          onChange={(event) => draft.change({ url: event.currentTarget.value })}
          type="url"
          autoComplete="off"
          required
          data-autofocus
        />
        <TextInput
          label={words.description}
          value={description}
          error={messages['description']}
          onChange={(event) => draft.change({ description: event.currentTarget.value })}
          autoComplete="off"
        />
        <TextInput
          label={words.types}
          description={words.types_help}
          value={types}
          error={typesError}
          onChange={(event) => draft.change({ types: event.currentTarget.value })}
          autoComplete="off"
          required
        />
        <Group justify="flex-end">
          <Button type="submit" loading={add.isPending}>
            {words.add}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
