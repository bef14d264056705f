// One box for everything about people: results as one types, each with what it was found by.
import { Alert, Badge, Box, Group, Loader, Paper, Stack, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { problemOf } from '../connection/problem-of.ts'
import { may, useUser } from '../connection/use-session.ts'
import type { IdentityCard } from '#contracts/patients/patient'
import { patientSearchApi } from '#contracts/patients/patient-search'
import { LinkButton } from '../frame/link-button.tsx'
import { Sign } from '../frame/mark.tsx'
import { ReadProblem } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { matchedBy, nameOf } from './matching.ts'
import { PersonLine, PersonName } from './person.tsx'
import classes from './search-box.module.css'

const settleMs = 180
const leastTyped = 2
const shown = 12

type SearchBoxProps = {
  action: (typed: string) => ReactNode
  /** Whether it is what one comes to the page for. */
  isFirst?: boolean
}

export function SearchBox({ action, isFirst = true }: SearchBoxProps) {
  const { find } = useWords()
  const [typed, setTyped] = useState('')
  const [settled] = useDebouncedValue(typed.trim(), settleMs)
  const isAsked = settled.length >= leastTyped
  const list = useRef<HTMLUListElement>(null)
  const help = useId()
  const found = useQuery({
    queryKey: ['find', settled],
    queryFn: () => call(patientSearchApi.search, { body: { q: settled, limit: shown } }),
    enabled: isAsked,
    placeholderData: keepPreviousData,
  })
  // What is half a number or half a date is not wrong yet.
  const isUnfinished = found.error && problemOf(found.error).kind.status === 422
  const items = isAsked && !found.error ? (found.data?.items ?? []) : []
  const total = found.data?.total ?? 0
  return (
    <Stack gap="sm">
      <TextInput
        type="search"
        label={find.label}
        description={find.help}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'ArrowDown') return
          event.preventDefault()
          list.current?.querySelector<HTMLElement>('a')?.focus()
        }}
        leftSection={<Sign name="search" />}
        rightSection={found.isFetching ? <Loader size="xs" aria-hidden /> : undefined}
        aria-describedby={help}
        autoComplete="off"
        spellCheck={false}
        maxLength={200}
        size={isFirst ? 'lg' : 'md'}
        autoFocus={isFirst}
      />
      <Group justify="space-between" gap="xs">
        <Text id={help} role="status" size="sm" c="dimmed" className={classes.status}>
          {!isAsked || found.isPending || (found.error && !isUnfinished)
            ? ''
            : items.length === 0
              ? find.none
              : find.found(total)}
        </Text>
        {action(typed)}
      </Group>
      {found.data?.index_complete === false && isAsked && (
        <Alert color="yellow" role="status">
          <Text size="sm">{find.incomplete}</Text>
        </Alert>
      )}
      {found.error && !isUnfinished && <ReadProblem error={found.error} />}
      {items.length > 0 && (
        <Paper
          withBorder
          component="ul"
          ref={list}
          className={classes.list}
          onKeyDown={moveAlong}
          aria-label={find.label}
        >
          {items.map((card) => (
            <FoundPerson key={card.id} card={card} typed={settled} />
          ))}
        </Paper>
      )}
      {items.length > 0 && total > items.length && (
        <Text size="sm" c="dimmed">
          {find.more(total - items.length)}
        </Text>
      )}
    </Stack>
  )
}

/** Up and down go through the people, as in any list that opens under a box. */
function moveAlong(event: KeyboardEvent<HTMLElement>) {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
  const links = [...event.currentTarget.querySelectorAll<HTMLElement>('a[data-person]')]
  const at = links.indexOf(document.activeElement as HTMLElement)
  if (at < 0) return
  event.preventDefault()
  links[at + (event.key === 'ArrowDown' ? 1 : -1)]?.focus()
}

function FoundPerson({ card, typed }: { card: IdentityCard; typed: string }) {
  const { find } = useWords()
  const user = useUser()
  // Doctors look people up to read about them; in an emergency also whom they do not treat, for a reason.
  const mayBreakIn = may(user, 'prescriptions:write') && may(user, 'emergency-access:use')
  const leadsTo = may(user, 'prescriptions:write') ? addresses.chart : addresses.patient
  const by = { name: find.by_name, number: find.by_number, birth_date: find.by_birth_date, other: find.by_other }
  const person = (
    <>
      <Text component="span" fw={600} display="block">
        <PersonName person={card} typed={typed} />
      </Text>
      <PersonLine person={card} typed={typed} />
      <Text component="span" size="sm" className={classes.by}>
        {by[matchedBy(card.found_as ?? card, typed)]}
      </Text>
    </>
  )
  return (
    <li className={classes.row}>
      <Group justify="space-between" wrap="nowrap" gap="sm" align="center">
        <Box flex={1} miw={0}>
          {card.may_open || mayBreakIn ? (
            <Link to={leadsTo} params={{ patient_id: card.id }} data-person className={classes.person}>
              {person}
              {!card.may_open && <Text size="sm">{find.closed}</Text>}
            </Link>
          ) : (
            <div className={classes.person}>
              {person}
              <Text size="sm">{find.closed}</Text>
            </div>
          )}
          <Group gap={6} px="xs">
            {!card.is_active && (
              <Badge color="gray" variant="filled" tt="none">
                {find.inactive}
              </Badge>
            )}
            {card.found_as && <Text size="sm">{find.found_as(nameOf(card.found_as))}</Text>}
            {!card.is_readable && <Text size="sm">{find.unreadable}</Text>}
          </Group>
        </Box>
        {may(user, 'appointments:create') && card.is_active && (
          <LinkButton
            to={addresses.book}
            params={{ patient_id: card.id }}
            variant="light"
            aria-label={find.book_for(nameOf(card))}
          >
            {find.book}
          </LinkButton>
        )}
      </Group>
    </li>
  )
}
