// Registering somebody: five fields, and beside them whoever may be the same person already.
import {
  Alert,
  Box,
  Button,
  Collapse,
  Fieldset,
  Grid,
  Group,
  Paper,
  Radio,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { useDraft } from '../connection/drafts.ts'
import { messagesByMember, problemOf } from '../connection/problem-of.ts'
import { may, useUser } from '../connection/use-session.ts'
import { type IdentityCard, patientApi } from '#contracts/patients/patient'
import { ProblemAlert } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { Lookalikes, LookalikeList } from './lookalikes.tsx'
import { emptyRegistration, type Registration, registrationBody, registrationDraft } from './registration-form.ts'
import { PageTitle } from '../frame/page-title.tsx'

const genders = ['FEMALE', 'MALE', 'OTHER', 'UNKNOWN'] as const

export function RegisterPage() {
  const { register, patient, frame, members } = useWords()
  const user = useUser()
  const navigate = useNavigate()
  const known = useQueryClient()
  const { value, change, forget } = useDraft(registrationDraft, emptyRegistration)
  const [isMore, setMore] = useState(false)
  const form = useRef<HTMLFormElement>(null)

  const send = useMutation({
    mutationFn: ({ force = false }: { next: 'book' | 'open'; force?: boolean }) =>
      call(patientApi.register, { body: registrationBody(value, force) }),
    async onSuccess({ id }, { next }) {
      forget()
      void known.invalidateQueries({ queryKey: ['find'] })
      await navigate({ to: next === 'book' ? addresses.book : addresses.patient, params: { patient_id: id } })
    },
  })
  useEffect(() => {
    // The first field that is not right is where to go on.
    if (send.error) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [send.error])
  const problem = send.error ? problemOf(send.error) : undefined
  const messages = messagesByMember(problem, members)
  const likely = (problem?.members['likely_duplicates'] ?? []) as IdentityCard[]
  const isLikely = problem?.kind.code === 'likely_duplicates'
  const text = (name: Exclude<keyof Registration, 'gender'>) => ({
    label: patient[name],
    value: value[name],
    onChange: (event: { currentTarget: { value: string } }) => change({ [name]: event.currentTarget.value }),
    error: messages[name],
    name,
    // The browser of a desk must not offer one patient's data for the next.
    autoComplete: 'off',
    size: 'md' as const,
    maxLength: 200,
  })
  return (
    <Grid gap="xl">
      <Grid.Col span={{ base: 12, md: 7 }}>
        <Paper withBorder p={{ base: 'md', sm: 'lg' }}>
          <form
            noValidate
            ref={form}
            onSubmit={(event) => {
              event.preventDefault()
              if (!send.isPending) send.mutate({ next: may(user, 'appointments:create') ? 'book' : 'open' })
            }}
          >
            <Stack>
              <PageTitle title={register.title} />
              <SimpleGrid cols={{ base: 1, xs: 2 }}>
                <TextInput {...text('first_name')} required autoFocus={value.first_name === ''} />
                <TextInput {...text('last_name')} required />
                <TextInput {...text('date_of_birth')} required type="date" autoFocus={value.first_name !== ''} />
                <TextInput {...text('phone_primary')} required type="tel" />
              </SimpleGrid>
              <Radio.Group
                label={patient.gender}
                required
                value={value.gender}
                onChange={(gender) => change({ gender: gender as Registration['gender'] })}
                error={messages['gender']}
                size="md"
              >
                <Group mt={6} gap="lg">
                  {genders.map((gender) => (
                    <Radio key={gender} value={gender} label={patient.genders[gender]} size="md" />
                  ))}
                </Group>
              </Radio.Group>
              <Box>
                <Button
                  variant="subtle"
                  px={4}
                  aria-expanded={isMore}
                  aria-controls="more-details"
                  onClick={() => setMore(!isMore)}
                >
                  {register.more}
                </Button>
                <Collapse expanded={isMore} id="more-details">
                  <Fieldset variant="unstyled" legend={<span className="skip">{register.more}</span>}>
                    <SimpleGrid cols={{ base: 1, xs: 2 }}>
                      <TextInput {...text('middle_name')} />
                      <TextInput {...text('email')} type="email" />
                      <TextInput {...text('ssn')} />
                      <TextInput {...text('national_id')} />
                      <TextInput {...text('preferred_language')} />
                    </SimpleGrid>
                  </Fieldset>
                </Collapse>
              </Box>
              {isLikely && (
                <Alert color="yellow" role="alert" title={register.is_one_of}>
                  <Stack>
                    <LookalikeList people={likely} />
                    <Button
                      variant="default"
                      className="wrap"
                      onClick={() => send.mutate({ next: send.variables?.next ?? 'open', force: true })}
                    >
                      {register.anyway}
                    </Button>
                  </Stack>
                </Alert>
              )}
              {problem && !isLikely && <ProblemAlert error={problem} />}
              <Group>
                {may(user, 'appointments:create') && (
                  <Button type="submit" size="md" loading={send.isPending && send.variables.next === 'book'}>
                    {register.submit_and_book}
                  </Button>
                )}
                <Button
                  size="md"
                  variant="default"
                  loading={send.isPending && send.variables.next === 'open'}
                  onClick={() => send.mutate({ next: 'open' })}
                >
                  {register.submit}
                </Button>
                <Button
                  size="md"
                  variant="subtle"
                  onClick={() => (forget(), void navigate({ to: addresses.reception }))}
                >
                  {frame.cancel}
                </Button>
              </Group>
            </Stack>
          </form>
        </Paper>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 5 }}>
        <Stack component="aside" aria-labelledby="lookalikes">
          <Title order={2} size="h3" id="lookalikes">
            {register.duplicates}
          </Title>
          {may(user, 'patients:find') ? (
            <Lookalikes typed={value} />
          ) : (
            <Text c="dimmed">{register.duplicates_wait}</Text>
          )}
        </Stack>
      </Grid.Col>
    </Grid>
  )
}
