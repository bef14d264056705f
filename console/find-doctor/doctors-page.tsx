// Finding a doctor, for everybody: by name, specialization, language, and a day on which there is a free time.
import { Badge, Group, Paper, Select, SimpleGrid, Stack, Text, TextInput, Title } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { useDoctors } from '../day-calendar/day.ts'
import { type Doctor, doctorApi } from '#contracts/doctors/doctor'
import { PageTitle } from '../frame/page-title.tsx'
import { ReadProblem, Waiting } from '../frame/states.tsx'
import { dateIn } from '../words/clock.ts'
import { ownCare } from '../words/own-care.ts'
import { useWordsOf } from '../words/words.tsx'
import classes from './doctors.module.css'
import { doctorName, useLanguageName } from './doctor-name.ts'

const settleMs = 200
const shown = 100
const nothing = { q: '', specialization: '', language: '', available_on: '' }

export function DoctorsPage() {
  const { doctors: words } = useWordsOf(ownCare)
  const languageName = useLanguageName()
  // Found again by whoever comes back from one of them.
  const { value, change } = useDraft('find-doctor', nothing)
  const [q] = useDebouncedValue(value.q.trim(), settleMs)
  const all = useDoctors()
  const { specialization, language, available_on } = value
  const given = Object.entries({ q, specialization, language, available_on }).filter(([, text]) => text !== '')
  const found = useQuery({
    queryKey: ['doctors', 'found', given],
    queryFn: () => call(doctorApi.list, { query: { ...Object.fromEntries(given), limit: String(shown) } }),
    placeholderData: keepPreviousData,
  })
  const specializations = [...new Set(all.data?.map((doctor) => doctor.specialization))].sort((a, b) =>
    a.localeCompare(b),
  )
  const languages = [...new Set(all.data?.flatMap((doctor) => doctor.languages))]
    .map((tag) => ({ value: tag, label: languageName(tag) }))
    .sort((a, b) => a.label.localeCompare(b.label))
  const items = found.data?.items ?? []
  const total = found.data?.total ?? 0
  return (
    <Stack>
      <PageTitle title={words.title} />
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
        <TextInput
          type="search"
          label={words.name}
          value={value.q}
          onChange={(event) => change({ q: event.currentTarget.value })}
          maxLength={100}
          size="md"
        />
        <Select
          label={words.specialization}
          placeholder={words.any}
          data={specializations}
          value={specialization || null}
          onChange={(chosen) => change({ specialization: chosen ?? '' })}
          searchable
          clearable
          clearButtonProps={{ 'aria-label': words.any }}
          size="md"
        />
        <Select
          label={words.language}
          placeholder={words.any}
          data={languages}
          value={language || null}
          onChange={(chosen) => change({ language: chosen ?? '' })}
          clearable
          clearButtonProps={{ 'aria-label': words.any }}
          size="md"
        />
        <TextInput
          type="date"
          label={words.available_on}
          value={available_on}
          min={dateIn(new Date())}
          onChange={(event) => change({ available_on: event.currentTarget.value })}
          size="md"
        />
      </SimpleGrid>
      <Text role="status" size="sm" c="dimmed">
        {found.data ? (items.length === 0 ? words.none : words.found(total)) : ''}
      </Text>
      {found.error && <ReadProblem error={found.error} />}
      {found.isPending && <Waiting />}
      {items.length > 0 && (
        <ul className={classes.list}>
          {items.map((doctor) => (
            <FoundDoctor key={doctor.id} doctor={doctor} />
          ))}
        </ul>
      )}
      {total > items.length && items.length > 0 && <Text c="dimmed">{words.more(total - items.length)}</Text>}
    </Stack>
  )
}

function FoundDoctor({ doctor }: { doctor: Doctor }) {
  const { doctors: words } = useWordsOf(ownCare)
  const languageName = useLanguageName()
  return (
    <Paper component="li" withBorder p="md">
      <Title order={2} size="h4">
        <Link to={addresses.doctor} params={{ doctor_id: doctor.id }} className={classes.doctor}>
          {doctorName(doctor)}
        </Link>
      </Title>
      <Text className="name">{doctor.specialization}</Text>
      <Text size="sm" c="dimmed" className="name">
        {doctor.location}
      </Text>
      {doctor.languages.length > 0 && (
        <Text size="sm" c="dimmed" className="name">
          {words.speaks(doctor.languages.map(languageName).join(', '))}
        </Text>
      )}
      {!doctor.accepts_new_patients && (
        <Group mt={4}>
          <Badge color="gray.7" variant="filled" tt="none">
            {words.no_new}
          </Badge>
        </Group>
      )}
    </Paper>
  )
}
