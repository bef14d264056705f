// What else the log is narrowed by: the operation, how it ended, the days.
import { Button, Group, NativeSelect, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useAuditorWords } from './oversight.tsx'
import type { AuditSearch } from './routes.ts'

export function AuditFilters({ search, onSearch }: { search: AuditSearch; onSearch: (part: AuditSearch) => void }) {
  const words = useAuditorWords()
  const [action, setAction] = useState(search.action ?? '')
  const [outcome, setOutcome] = useState<NonNullable<AuditSearch['outcome']> | ''>(search.outcome ?? '')
  const [from, setFrom] = useState(search.from ?? '')
  const [to, setTo] = useState(search.to ?? '')
  return (
    <form
      role="search"
      onSubmit={(event) => {
        event.preventDefault()
        onSearch({
          action: action.trim() || undefined,
          outcome: outcome === '' ? undefined : outcome,
          from: from || undefined,
          to: to || undefined,
        })
      }}
    >
      <Group gap="sm" align="flex-end">
        <TextInput
          label={words.action}
          placeholder={words.action_help}
          value={action}
          onChange={(event) => setAction(event.currentTarget.value)}
          maxLength={80}
          autoComplete="off"
          spellCheck={false}
        />
        <NativeSelect
          label={words.outcome}
          value={outcome}
          onChange={(event) => setOutcome(event.currentTarget.value as typeof outcome)}
          data={[
            { value: '', label: words.any },
            ...(['success', 'denied', 'failure'] as const).map((value) => ({ value, label: words.outcomes[value] })),
          ]}
        />
        <TextInput
          type="date"
          label={words.from}
          value={from}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
        <TextInput type="date" label={words.to} value={to} onChange={(event) => setTo(event.currentTarget.value)} />
        <Button type="submit">{words.search}</Button>
      </Group>
    </form>
  )
}
