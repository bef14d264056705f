// A form over a record that others change as well. It is saved over the version that it was begun with; where somebody was faster
// both versions are shown, and the choice.
import { Alert, Stack } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { problemOf } from '../connection/problem-of.ts'
import { ProblemAlert } from '../frame/states.tsx'
import { BothVersions, type Differing } from './both-versions.tsx'

/** After one's own choice the form begins anew; what was typed stays when somebody else saves. Give the form `count` as its key. */
export function useBeginning() {
  const [{ count, isSaved }, set] = useState({ count: 0, isSaved: false })
  return { count, isSaved, onEnd: (is_saved: boolean) => set({ count: count + 1, isSaved: is_saved }) }
}

export type Ending = { isSaved: boolean; onEnd: (isSaved: boolean) => void }

type VersionedFormProps<Stored> = Ending & {
  /** That the form was begun with. */
  version: number
  send: (over_version: number) => Promise<Stored>
  read: () => Promise<Stored>
  /** Is given what is stored now, for the pages that show it. */
  keep: (now: Stored) => void
  draft: { forget: () => void }
  /** What is said when it is saved. */
  saved: string
  differing: (theirs: Stored) => readonly Differing[]
  children: (form: { isPending: boolean; problem: ReturnType<typeof problemOf> | undefined }) => ReactNode
}

export function VersionedForm<Stored extends { version: number }>({
  version,
  send,
  read,
  keep,
  draft,
  saved,
  isSaved,
  onEnd,
  differing,
  children,
}: VersionedFormProps<Stored>) {
  const form = useRef<HTMLFormElement>(null)
  const [theirs, setTheirs] = useState<Stored>()
  const save = useMutation({
    mutationFn: send,
    onSuccess(now) {
      draft.forget()
      keep(now)
      onEnd(true)
    },
    async onError(error) {
      if (problemOf(error).kind.code !== 'stale_version') return
      const now = await read()
      keep(now)
      setTheirs(now)
    },
  })
  useEffect(() => {
    if (save.error) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [save.error])
  const problem = save.error ? problemOf(save.error) : undefined
  return (
    <form
      noValidate
      ref={form}
      onSubmit={(event) => {
        event.preventDefault()
        if (!save.isPending) save.mutate(version)
      }}
    >
      <Stack>
        {theirs ? (
          <BothVersions
            fields={differing(theirs)}
            isPending={save.isPending}
            onTheirs={() => {
              draft.forget()
              onEnd(false)
            }}
            onMine={() => save.mutate(theirs.version)}
          />
        ) : (
          problem && <ProblemAlert error={problem} />
        )}
        {isSaved && (
          <Alert color="ward" role="status">
            {saved}
          </Alert>
        )}
        {children({ isPending: save.isPending, problem })}
      </Stack>
    </form>
  )
}
