// Automatic log-off: the server ends a session that nobody uses; this page ends it at the same time, after a warning.
import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { leave, readUser } from '../connection/session.ts'
import type { CurrentUser } from '#contracts/identity/session'
import { useWords } from '../words/words.tsx'
import { ProblemAlert } from './states.tsx'

const warnSeconds = 120
/** While somebody types without asking the server anything, it is told that often that they are there. */
const tellEveryMs = 60_000
/** Where that failed. */
const tellAgainMs = 5000
const signsOfLife = ['pointerdown', 'keydown', 'wheel'] as const

/** Somebody who works in another window of this browser is no less there. */
const windows = new BroadcastChannel('openward.activity')

export function IdleWarning({ user }: { user: CurrentUser }) {
  const { idle } = useWords()
  const [left, setLeft] = useState<number>()
  const seen = useRef({ at: 0, told_at: 0, is_warning: false })
  const idle_ms = user.session.idle_seconds * 1000
  const warn_ms = Math.min(warnSeconds * 1000, idle_ms / 2)

  useEffect(() => {
    seen.current = { at: Date.now(), told_at: Date.now(), is_warning: false }
    const tellEvery = Math.min(tellEveryMs, idle_ms / 4)
    const note = () => {
      const now = Date.now()
      // The warning is answered by its button, so that it is read.
      if (seen.current.is_warning) return
      seen.current.at = now
      if (now - seen.current.told_at < tellEvery) return
      seen.current.told_at = now
      windows.postMessage(now)
      readUser().catch(() => (seen.current.told_at = now - tellEvery + tellAgainMs))
    }
    const hear = ({ data }: MessageEvent) => {
      seen.current = { at: Number(data), told_at: Number(data), is_warning: false }
      setLeft(undefined)
    }
    windows.addEventListener('message', hear)
    // By the clock, not by counting: a device that slept has been idle all the while.
    const watch = setInterval(() => {
      const rest = seen.current.at + idle_ms - Date.now()
      seen.current.is_warning = rest <= warn_ms
      if (rest <= 0) void leave('idle')
      else setLeft(rest <= warn_ms ? Math.ceil(rest / 1000) : undefined)
    }, 500)
    for (const sign of signsOfLife) addEventListener(sign, note, { passive: true, capture: true })
    return () => {
      clearInterval(watch)
      windows.removeEventListener('message', hear)
      for (const sign of signsOfLife) removeEventListener(sign, note, { capture: true })
    }
  }, [idle_ms, warn_ms])

  const stay = useMutation({
    mutationFn: readUser,
    onSuccess: () => {
      const now = Date.now()
      seen.current = { at: now, told_at: now, is_warning: false }
      windows.postMessage(now)
      setLeft(undefined)
    },
  })
  return (
    <Modal
      opened={left !== undefined}
      onClose={() => stay.mutate()}
      title={idle.title}
      centered
      closeOnClickOutside={false}
      withCloseButton={false}
    >
      <Stack gap="xs">
        {/* Read out once, not every second. */}
        <Text aria-live="off">{idle.text(left ?? 0)}</Text>
        <Text size="sm" c="dimmed">
          {idle.draft}
        </Text>
        {stay.error && <ProblemAlert error={stay.error} />}
        <Group mt="xs" justify="flex-end">
          <Button onClick={() => stay.mutate()} loading={stay.isPending} data-autofocus>
            {idle.stay}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
