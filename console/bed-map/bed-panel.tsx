// One bed opened: who has it, and giving it, moving from it, releasing it, and marking it clean.
import { Button, Drawer, Group, Select, Stack, Text, TextInput } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import type { IdentityCard } from '#contracts/patients/patient'
import type { LongStay } from '#contracts/resources/assignment'
import { nameOf } from '../find-patient/matching.ts'
import lines from '../day-calendar/expected.module.css'
import { PersonLine, PersonName } from '../find-patient/person.tsx'
import { ProblemAlert } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { desk } from '../words/desk.ts'
import { useWords, useWordsOf } from '../words/words.tsx'
import { type Bed, useBedChange } from './beds.ts'
import { PickPatient } from './pick-patient.tsx'

type People = ReadonlyMap<string, IdentityCard> | undefined
type BedPanelProps = {
  bed: Bed | undefined
  beds: readonly Bed[]
  people: People
  /** For whom a bed is looked for. */
  wanting: IdentityCard | undefined
  onClose: () => void
}

export function BedPanel({ bed, onClose, ...more }: BedPanelProps) {
  const { frame } = useWords()
  return (
    <Drawer
      opened={bed !== undefined}
      onClose={onClose}
      position="right"
      size="md"
      title={bed ? `${bed.code} · ${bed.name}` : ''}
      closeButtonProps={{ 'aria-label': frame.close }}
    >
      {bed && <Opened key={bed.id} bed={bed} {...more} />}
    </Drawer>
  )
}

function Opened({ bed, beds, people, wanting }: Omit<BedPanelProps, 'bed' | 'onClose'> & { bed: Bed }) {
  const { beds: words } = useWordsOf(desk)
  const { find } = useWords()
  const change = useBedChange()
  const [until, setUntil] = useState('')
  const assign = ({ id }: IdentityCard) =>
    change.mutate({
      kind: 'assign',
      bed,
      patient_id: id,
      expected_release_at: until === '' ? null : new Date(until).toISOString(),
    })
  const { status } = bed
  return (
    <Stack>
      <Text role="status" fw={600}>
        {words.statuses[status]}
      </Text>
      {(bed.location ?? bed.ward) && (
        <Text size="sm" c="dimmed" className="name">
          {[bed.ward, bed.location].filter(Boolean).join(', ')}
        </Text>
      )}
      {change.error && <ProblemAlert error={change.error} />}
      {bed.stays.map((stay) => (
        <Stay
          key={stay.id}
          bed={bed}
          stay={stay}
          person={stay.patient_id ? people?.get(stay.patient_id) : undefined}
          free={beds.filter(({ id, free_lanes }) => id !== bed.id && free_lanes > 0)}
          change={change}
        />
      ))}
      {bed.free_lanes > 0 && (
        <>
          <TextInput
            type="datetime-local"
            label={words.expected_release}
            value={until}
            onChange={(event) => setUntil(event.currentTarget.value)}
          />
          {wanting ? (
            <Button className="wrap" onClick={() => assign(wanting)} loading={change.isPending}>
              {words.give_to(nameOf(wanting) || find.unnamed)}
            </Button>
          ) : (
            <PickPatient label={words.assign} action={words.assign_to} onPick={assign} />
          )}
        </>
      )}
      <Group gap="xs">
        {(status === 'cleaning' || status === 'maintenance') && (
          <Button
            onClick={() => change.mutate({ kind: 'status', bed, status: 'available' })}
            loading={change.isPending}
          >
            {status === 'cleaning' ? words.clean : words.available_again}
          </Button>
        )}
        {status === 'available' && (
          <>
            <Button variant="default" onClick={() => change.mutate({ kind: 'status', bed, status: 'cleaning' })}>
              {words.to_clean}
            </Button>
            <Button variant="default" onClick={() => change.mutate({ kind: 'status', bed, status: 'maintenance' })}>
              {words.out_of_order}
            </Button>
          </>
        )}
      </Group>
    </Stack>
  )
}

type StayProps = {
  bed: Bed
  stay: LongStay
  person: IdentityCard | undefined
  free: readonly Bed[]
  change: ReturnType<typeof useBedChange>
}

function Stay({ bed, stay, person, free, change }: StayProps) {
  const { beds: words } = useWordsOf(desk)
  const { frame } = useWords()
  const dates = useDates()
  const [step, setStep] = useState<'transfer' | 'release'>()
  return (
    <Stack gap="xs">
      {person ? (
        <div>
          <Link to={addresses.patient} params={{ patient_id: person.id }} className={lines.person}>
            <PersonName person={person} />
          </Link>
          <PersonLine person={person} />
        </div>
      ) : (
        <Text>{words.somebody}</Text>
      )}
      <Text size="sm">{words.since(dates.short(stay.assigned_at))}</Text>
      {stay.expected_release_at && <Text size="sm">{words.expected(dates.short(stay.expected_release_at))}</Text>}
      {step === undefined && (
        <Group gap="xs">
          <Button variant="default" onClick={() => setStep('transfer')}>
            {words.transfer}
          </Button>
          <Button variant="light" color="red" onClick={() => setStep('release')}>
            {words.release}
          </Button>
        </Group>
      )}
      {step === 'transfer' &&
        (free.length === 0 ? (
          <Text size="sm">{words.no_free}</Text>
        ) : (
          <Select
            label={words.transfer_to}
            data={free.map(({ id, code, ward }) => ({ value: id, label: [code, ward].filter(Boolean).join(', ') }))}
            value={null}
            onChange={(to_resource_id) =>
              to_resource_id && change.mutate({ kind: 'transfer', bed, stay, to_resource_id })
            }
            disabled={change.isPending}
            searchable
          />
        ))}
      {step === 'release' && (
        <Group gap="xs">
          <Button
            color="red.9"
            onClick={() => change.mutate({ kind: 'release', bed, stay })}
            loading={change.isPending}
          >
            {words.release_sure}
          </Button>
        </Group>
      )}
      {step !== undefined && (
        <Group>
          <Button variant="subtle" size="xs" onClick={() => setStep(undefined)}>
            {frame.cancel}
          </Button>
        </Group>
      )}
    </Stack>
  )
}
