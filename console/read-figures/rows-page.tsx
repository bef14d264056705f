// The appointments that a figure counts.
import { Group, NativeSelect, Stack, Text } from '@mantine/core'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { usePages } from '../connection/pages.ts'
import { may, useUser } from '../connection/use-session.ts'
import { countedStatuses } from '#contracts/analytics/analytics'
import { appointmentApi } from '#contracts/appointments/appointment'
import { useDoctors, usePeople } from '../day-calendar/day.ts'
import { nameOf } from '../find-patient/matching.ts'
import { RowLink } from '../frame/link-button.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { Row, RowList } from '../frame/section.tsx'
import { useDates } from '../words/dates.ts'
import { useWords } from '../words/words.tsx'
import { FiguresNav, useFigureWords } from './figures.tsx'
import { PeriodChoice } from './period.tsx'

const route = getRouteApi(`/closed${addresses.figure_rows}`)

export function RowsPage() {
  const words = useFigureWords()
  const { calendar } = useWords()
  const dates = useDates()
  const user = useUser()
  const navigate = useNavigate()
  const search = route.useSearch()
  const doctors = useDoctors()
  const { from, to, doctor_id } = search
  const status = countedStatuses.find((one) => one === search.status)
  const list = usePages(['appointments', 'rows', search], (cursor) =>
    call(appointmentApi.list, { query: { from, to, doctor_id, status, limit: '50', cursor } }),
  )
  const people = usePeople(
    list.items.map(({ patient_id }) => patient_id),
    may(user, 'patients:find'),
  )
  const go = (part: typeof search) => void navigate({ to: addresses.figure_rows, search: { ...search, ...part } })
  const doctorOf = (id: string | undefined) => doctors.data?.find((doctor) => doctor.id === id)
  const only = doctorOf(doctor_id)
  return (
    <Stack>
      <PageTitle title={words.rows} />
      <FiguresNav />
      <Group align="flex-end" gap="sm">
        <PeriodChoice
          key={`${from} ${to}`}
          search={{ from, to }}
          onChange={(next) => go({ from: next.from, to: next.to })}
        />
        <NativeSelect
          label={words.status}
          value={status ?? ''}
          onChange={(event) => go({ status: event.currentTarget.value || undefined })}
          data={[
            { value: '', label: words.any },
            ...countedStatuses.map((value) => ({ value, label: calendar.statuses[value] })),
          ]}
        />
      </Group>
      <Text role="status" size="sm" c="dimmed">
        {list.isSuccess
          ? [words.count(list.total), only && `${only.first_name} ${only.last_name}`].filter(Boolean).join(' · ')
          : ''}
      </Text>
      <RowList
        of={list}
        label={words.rows}
        none={words.no_rows}
        row={(appointment) => {
          const doctor = doctorOf(appointment.doctor_id)
          const person = people.data?.get(appointment.patient_id)
          const name = (person && nameOf(person)) || appointment.confirmation_code
          return (
            <Row key={appointment.id}>
              <Group justify="space-between" gap="xs" wrap="nowrap" align="flex-start">
                <div style={{ minWidth: 0 }}>
                  {person?.may_open && may(user, 'patients:read') ? (
                    <RowLink to={addresses.patient} params={{ patient_id: appointment.patient_id }}>
                      {name}
                    </RowLink>
                  ) : (
                    <Text className="name">{name}</Text>
                  )}
                  <Text size="sm" c="dimmed" className="name">
                    {dates.short(appointment.appointment_time, doctor?.timezone)}
                    {doctor ? ` · ${doctor.first_name} ${doctor.last_name}, ${doctor.specialization}` : ''}
                  </Text>
                </div>
                <Text size="sm">{calendar.statuses[appointment.status]}</Text>
              </Group>
            </Row>
          )
        }}
      />
    </Stack>
  )
}
