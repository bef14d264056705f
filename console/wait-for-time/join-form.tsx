// On which terms somebody waits: for whom, between which days, on which days of the week and at which hours.
import { Button, Checkbox, Group, Paper, Select, SimpleGrid, Stack, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { messagesByMember, problemOf } from '../connection/problem-of.ts'
import type { Doctor } from '#contracts/doctors/doctor'
import { waitlistApi } from '#contracts/waitlist/waitlist'
import { doctorName } from '../find-doctor/doctor-name.ts'
import { ProblemAlert } from '../frame/states.tsx'
import { addDays, dateIn } from '../words/clock.ts'
import { waiting } from '../words/waiting.ts'
import { useWords, useWordsOf } from '../words/words.tsx'

const usualDays = 60

type JoinFormProps = {
  doctors: readonly Doctor[]
  doctor_id: string | undefined
  patient_id: string | undefined
  onDone: () => void
}

export function JoinForm({ doctors, doctor_id, patient_id, onDone }: JoinFormProps) {
  const words = useWordsOf(waiting)
  const { book, frame, members } = useWords()
  const known = useQueryClient()
  const today = dateIn(new Date())
  const { value, change, forget } = useDraft(`wait ${patient_id ?? 'self'} ${doctor_id ?? ''}`, {
    doctor_id: doctor_id ?? '',
    specialization: '',
    from_date: today,
    to_date: addDays(today, usualDays),
    weekdays: [] as string[],
    from_time: '',
    to_time: '',
    priority: 'routine' as 'routine' | 'urgent' | 'emergency',
  })
  const join = useMutation({
    mutationFn: () => {
      const { weekdays, from_time, to_time, from_date, to_date, priority } = value
      return call(waitlistApi.join, {
        body: {
          ...(value.doctor_id ? { doctor_id: value.doctor_id } : { specialization: value.specialization }),
          ...(patient_id && { patient_id, priority }),
          from_date,
          to_date,
          ...(weekdays.length > 0 && { weekdays: weekdays.map(Number) }),
          ...(from_time && { from_time }),
          ...(to_time && { to_time }),
        },
      })
    },
    async onSuccess() {
      forget()
      await known.invalidateQueries({ queryKey: ['waitlist'] })
      onDone()
    },
  })
  const problem = join.error ? problemOf(join.error) : undefined
  const messages = messagesByMember(problem, members)
  const text = (name: 'from_date' | 'to_date' | 'from_time' | 'to_time') => ({
    label: words[name],
    value: value[name],
    onChange: (event: { currentTarget: { value: string } }) => change({ [name]: event.currentTarget.value }),
    error: messages[name],
    size: 'md' as const,
  })
  const specializations = [...new Set(doctors.map(({ specialization }) => specialization))].sort((a, b) =>
    a.localeCompare(b),
  )
  return (
    <Paper withBorder p="md">
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          if (!join.isPending) join.mutate()
        }}
      >
        <Stack>
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <Select
              label={book.doctor}
              placeholder={words.any_doctor}
              data={doctors.map((doctor) => ({
                value: doctor.id,
                label: `${doctorName(doctor)}, ${doctor.specialization}`,
              }))}
              value={value.doctor_id || null}
              onChange={(chosen) => change({ doctor_id: chosen ?? '', ...(chosen && { specialization: '' }) })}
              error={messages['doctor_id']}
              searchable
              clearable
              clearButtonProps={{ 'aria-label': words.any_doctor }}
              size="md"
            />
            <Select
              label={words.or_specialization}
              data={specializations}
              value={value.specialization || null}
              onChange={(chosen) => change({ specialization: chosen ?? '', ...(chosen && { doctor_id: '' }) })}
              error={messages['specialization']}
              searchable
              clearable
              clearButtonProps={{ 'aria-label': words.no_specialization }}
              size="md"
            />
            <TextInput {...text('from_date')} type="date" min={today} />
            <TextInput {...text('to_date')} type="date" min={today} />
            <TextInput {...text('from_time')} type="time" />
            <TextInput {...text('to_time')} type="time" />
          </SimpleGrid>
          <Checkbox.Group
            label={words.on_weekdays}
            value={value.weekdays}
            onChange={(weekdays) => change({ weekdays })}
            error={messages['weekdays']}
          >
            <Group mt={6} gap="md">
              {words.weekdays.map((name, at) => (
                <Checkbox key={name} value={String(at + 1)} label={name} />
              ))}
            </Group>
          </Checkbox.Group>
          {patient_id && (
            <Select
              label={book.priority}
              data={Object.entries(book.priorities).map(([priority, label]) => ({ value: priority, label }))}
              value={value.priority}
              onChange={(chosen) => chosen && change({ priority: chosen as typeof value.priority })}
              allowDeselect={false}
              maw={240}
              size="md"
            />
          )}
          {problem && <ProblemAlert error={problem} />}
          <Group>
            <Button type="submit" size="md" loading={join.isPending}>
              {words.submit}
            </Button>
            <Button
              size="md"
              variant="default"
              onClick={() => {
                forget()
                onDone()
              }}
            >
              {frame.cancel}
            </Button>
          </Group>
        </Stack>
      </form>
    </Paper>
  )
}
