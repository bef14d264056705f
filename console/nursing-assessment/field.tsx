// One field of the form: what it is, what is usual, what it was last, and where its value comes from.
import { Box, Button, NativeSelect, Text, Textarea, TextInput } from '@mantine/core'
import type { Flag } from '#contracts/assessments/nursing'
import { useDates } from '../words/dates.ts'
import { useNumber, useNurseWords } from '../words/nurse.ts'
import { type Fault, type Field as Described, isMissing, type Values } from './fields.ts'
import type { Prefilled, Source } from './prefill.ts'
import type { NursingState } from './use-form.ts'
import classes from './form.module.css'

export type FieldProps = {
  field: Described
  state: NursingState
  prefilled: Prefilled
  last: { values: Values; source: Source } | undefined
  /** Whether somebody has tried to sign: from then on what is missing is a mistake. */
  isAttempted: boolean
}

export function Field({ field, state, prefilled, last, isAttempted }: FieldProps) {
  const { form: words, units } = useNurseWords()
  const { name, kind, choices = [] } = field
  const member = name.slice(name.indexOf('.') + 1)
  const unit = units[member]
  const fault = state.faults.get(name)
  const value = state.shown[name] ?? ''
  const common = {
    label: unit ? `${words.fields[name]} (${unit})` : words.fields[name],
    id: idOf(name),
    name,
    error: fault && (!isMissing(fault) || isAttempted) ? <Faulty fault={fault} /> : undefined,
    description: <Beside field={field} state={state} last={last} />,
    inputWrapperOrder: ['label', 'input', 'description', 'error'] as ('label' | 'input' | 'description' | 'error')[],
  }
  const type = (text: string) => state.type(name, text)
  const options =
    kind === 'yes_no'
      ? [
          { value: 'yes', label: words.yes },
          { value: 'no', label: words.no },
        ]
      : choices.map((choice) => ({ value: choice, label: words.choices[name]?.[choice] ?? choice }))
  return (
    <Box miw={0}>
      {kind === 'number' || kind === 'words' ? (
        <TextInput
          {...common}
          value={value}
          onChange={(event) => type(event.currentTarget.value)}
          inputMode={kind === 'number' ? 'decimal' : 'text'}
          autoComplete="off"
          {...(kind === 'words' && { maxLength: 200 })}
        />
      ) : kind === 'lines' ? (
        <Textarea
          {...common}
          value={value}
          onChange={(event) => type(event.currentTarget.value)}
          autosize
          minRows={2}
        />
      ) : (
        <NativeSelect
          {...common}
          value={value}
          onChange={(event) => type(event.currentTarget.value)}
          data={[{ value: '', label: words.not_said }, ...options]}
        />
      )}
      {state.unconfirmed.includes(name) && <Unconfirmed field={field} state={state} prefilled={prefilled} />}
    </Box>
  )
}

export const idOf = (name: string) => `nursing-${name.replace('.', '-')}`
export const confirmIdOf = (name: string) => `confirm-${name.replace('.', '-')}`

function Faulty({ fault }: { fault: Fault }) {
  const { errors } = useNurseWords().form
  if (fault.kind === 'at_least' || fault.kind === 'at_most') return <>{errors[fault.kind](fault.bound)}</>
  return <>{errors[fault.kind]}</>
}

function Beside({ field: { name, kind }, state, last }: Pick<FieldProps, 'field' | 'state' | 'last'>) {
  const { form: words } = useNurseWords()
  const dates = useDates()
  const textOf = useTextOf()
  const flagText = useFlagText()
  const member = name.slice(name.indexOf('.') + 1)
  const flag = state.derived.flags.find(({ field }) => name === `vital_signs.${field}`)
  const points = name.startsWith('vital_signs.') ? state.derived.news2?.points[member] : undefined
  // Where the value itself is that one, its source is told already.
  const before = state.unconfirmed.includes(name) ? undefined : last?.values[name]
  return (
    <>
      {flag && (
        <span className={classes.flag} data-flag={flag.flag}>
          {flagText(flag)}
        </span>
      )}
      {points !== undefined && points > 0 && <span className={classes.points}>NEWS2: {words.points(points)}</span>}
      {before !== undefined && last && (
        <span className={classes.last}>{words.last(textOf(name, kind, before), dates.short(last.source.at))}</span>
      )}
    </>
  )
}

export function useFlagText(): (flag: Flag) => string {
  const { flags } = useNurseWords().form
  const number = useNumber()
  return ({ flag, low, high }) =>
    flag === 'low' || flag === 'high' ? flags[flag](number(low ?? 0), number(high ?? 0)) : flags[flag]
}

/** A value as a person reads it. */
export function useTextOf(): (name: Described['name'], kind: Described['kind'], value: string) => string {
  const { form, units } = useNurseWords()
  const number = useNumber()
  return (name, kind, value) => {
    if (kind === 'yes_no') return value === 'yes' ? form.yes : form.no
    if (kind === 'choice') return form.choices[name]?.[value] ?? value
    if (kind !== 'number') return value
    const unit = units[name.slice(name.indexOf('.') + 1)]
    const typed = Number(value.replace(',', '.'))
    const text = Number.isNaN(typed) ? value : number(typed)
    return unit ? `${text} ${unit}` : text
  }
}

function Unconfirmed({ field: { name }, state, prefilled }: Pick<FieldProps, 'field' | 'state' | 'prefilled'>) {
  const { form: words } = useNurseWords()
  const dates = useDates()
  const source = prefilled.get(name)?.source
  return (
    <div className={classes.unconfirmed}>
      <Text size="sm">{words.from(source ? dates.short(source.at) : '')}</Text>
      <Button
        id={confirmIdOf(name)}
        size="compact-sm"
        variant="light"
        onClick={() => {
          state.confirm([name])
          // The button is gone: one goes on in the field that it was of.
          document.getElementById(idOf(name))?.focus()
        }}
        aria-label={words.confirm_of(words.fields[name])}
      >
        {words.confirm}
      </Button>
    </div>
  )
}
