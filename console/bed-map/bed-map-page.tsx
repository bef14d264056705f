// The beds, ward by ward: which are free, who has the others.
import { Alert, Checkbox, Group, Stack, Text, Title } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { useLive } from '../connection/use-live.ts'
import { may, useUser } from '../connection/use-session.ts'
import { usePeople } from '../day-calendar/day.ts'
import type { IdentityCard } from '#contracts/patients/patient'
import { nameOf } from '../find-patient/matching.ts'
import { PageTitle } from '../frame/page-title.tsx'
import { ProblemAlert, ReadProblem, Waiting } from '../frame/states.tsx'
import { desk } from '../words/desk.ts'
import { useWords, useWordsOf } from '../words/words.tsx'
import classes from './bed-map.module.css'
import { BedPanel } from './bed-panel.tsx'
import { type Bed, bedConcerns, byWard, useBeds } from './beds.ts'

const route = getRouteApi(`/closed${addresses.beds}`)

export function BedMapPage() {
  useLive(bedConcerns)
  const { beds: words } = useWordsOf(desk)
  const { find } = useWords()
  const user = useUser()
  const { patient_id } = route.useSearch()
  const [isOnlyFree, setOnlyFree] = useState(false)
  const [open_id, setOpen] = useState<string>()
  const beds = useBeds()
  const people = usePeople(
    [
      ...(beds.data ?? []).flatMap(({ stays }) => stays.flatMap((stay) => stay.patient_id ?? [])),
      ...(patient_id ? [patient_id] : []),
    ],
    may(user, 'patients:find'),
  )
  const shown = (beds.data ?? []).filter(({ free_lanes }) => !isOnlyFree || free_lanes > 0)
  const wanting = patient_id ? people.data?.get(patient_id) : undefined
  return (
    <Stack gap="lg">
      <Group justify="space-between">
        <div>
          <PageTitle title={words.title} />
          {wanting && (
            <Text className="name" size="lg">
              {words.for_whom(nameOf(wanting) || find.unnamed)}
            </Text>
          )}
        </div>
        <Checkbox
          label={words.only_free}
          checked={isOnlyFree}
          onChange={(event) => setOnlyFree(event.currentTarget.checked)}
        />
      </Group>
      {beds.error && <ReadProblem error={beds.error} />}
      {people.error && <ProblemAlert error={people.error} />}
      {beds.isPending && <Waiting />}
      {beds.data?.length === 0 && (
        <Alert color="ward">
          <Text size="sm">{words.none}</Text>
        </Alert>
      )}
      {beds.data && beds.data.length > 0 && shown.length === 0 && <Text c="dimmed">{words.no_place}</Text>}
      {byWard(shown).map(({ ward, beds: ofWard }) => (
        <section key={ward ?? ''} aria-label={ward ?? words.no_ward}>
          <Group gap="sm" align="baseline" mb="xs">
            <Title order={2} size="h3" className="name">
              {ward ?? words.no_ward}
            </Title>
            <Text size="sm" c="dimmed">
              {words.free(ofWard.filter(({ free_lanes }) => free_lanes > 0).length, ofWard.length)}
            </Text>
          </Group>
          <ul className={classes.ward}>
            {ofWard.map((bed) => (
              <li key={bed.id}>
                <BedTile bed={bed} people={people.data} onOpen={() => setOpen(bed.id)} />
              </li>
            ))}
          </ul>
        </section>
      ))}
      <BedPanel
        bed={beds.data?.find(({ id }) => id === open_id)}
        beds={beds.data ?? []}
        people={people.data}
        wanting={wanting}
        onClose={() => setOpen(undefined)}
      />
    </Stack>
  )
}

type BedTileProps = { bed: Bed; people: ReadonlyMap<string, IdentityCard> | undefined; onOpen: () => void }

function BedTile({ bed, people, onOpen }: BedTileProps) {
  const { beds: words } = useWordsOf(desk)
  const { find } = useWords()
  const names = bed.stays.map(({ patient_id }) => {
    const person = patient_id ? people?.get(patient_id) : undefined
    return person ? nameOf(person) || find.unnamed : words.somebody
  })
  return (
    <button type="button" className={classes.bed} data-status={bed.status} data-bed={bed.code} onClick={onOpen}>
      <strong>{bed.code}</strong>
      <span>{words.statuses[bed.status]}</span>
      {bed.type !== 'bed' && <span>{words.types[bed.type]}</span>}
      {names.map((name, at) => (
        <span key={at} className="name">
          {name}
        </span>
      ))}
    </button>
  )
}
