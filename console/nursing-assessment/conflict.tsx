// What was typed here and elsewhere, side by side: a person chooses.
import { BothVersions } from '../conflict/both-versions.tsx'
import { useNurseWords } from '../words/nurse.ts'
import { useTextOf } from './field.tsx'
import { differing, fields, type Values } from './fields.ts'

type ConflictProps = {
  text: string
  there_label: string
  here: Values
  there: Values
  isBusy?: boolean
  onKeepHere: () => void
  onTakeThere: () => void
}

export function Conflict({ text, there_label, here, there, isBusy = false, onKeepHere, onTakeThere }: ConflictProps) {
  const { form: words } = useNurseWords()
  const textOf = useTextOf()
  const kindOf = new Map(fields.map(({ name, kind }) => [name, kind]))
  const shown = (values: Values, name: (typeof fields)[number]['name']) =>
    values[name] ? textOf(name, kindOf.get(name) ?? 'words', values[name]) : ''
  return (
    <BothVersions
      words={{
        conflict: text,
        mine: words.here,
        theirs: there_label,
        keep_mine: words.keep_here,
        take_theirs: words.take_there,
        empty: words.empty_value,
      }}
      fields={differing(here, there).map((name) => ({
        label: words.fields[name],
        mine: shown(here, name),
        theirs: shown(there, name),
      }))}
      onMine={onKeepHere}
      onTheirs={onTakeThere}
      isPending={isBusy}
    />
  )
}
