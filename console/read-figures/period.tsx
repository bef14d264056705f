// The days that figures are of, and what they are grouped by.
import { Button, Group, NativeSelect, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useFigureWords } from './figures.tsx'
import type { PeriodSearch } from './routes.ts'

type Props = {
  search: PeriodSearch
  groups?: readonly (keyof ReturnType<typeof useFigureWords>['groups'])[]
  onChange: (search: PeriodSearch) => void
}

export function PeriodChoice({ search, groups, onChange }: Props) {
  const words = useFigureWords()
  const [from, setFrom] = useState(search.from ?? '')
  const [to, setTo] = useState(search.to ?? '')
  const [by, setBy] = useState(search.by ?? groups?.[0] ?? '')
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        onChange({ from: from || undefined, to: to || undefined, by: by || undefined })
      }}
    >
      <Group gap="sm" align="flex-end">
        <TextInput
          type="date"
          label={words.from}
          value={from}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
        <TextInput type="date" label={words.to} value={to} onChange={(event) => setTo(event.currentTarget.value)} />
        {groups && (
          <NativeSelect
            label={words.by}
            value={by}
            onChange={(event) => setBy(event.currentTarget.value)}
            data={groups.map((value) => ({ value, label: words.groups[value] }))}
          />
        )}
        <Button type="submit">{words.show}</Button>
      </Group>
    </form>
  )
}
