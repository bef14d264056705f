// Making an account as a patient: then one is signed in, and goes on where one was going.
import { Alert, Anchor, Button, PasswordInput, Radio, Group, SimpleGrid, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Link, useRouter } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { messagesByMember, problemOf } from '../connection/problem-of.ts'
import { enter } from '../connection/session.ts'
import { loginApi } from '#contracts/identity/login'
import { registrationApi, type Registration } from '#contracts/registration/registration'
import { PageTitle } from '../frame/page-title.tsx'
import { ProblemAlert } from '../frame/states.tsx'
import { takeGoal } from '../sign-in/goal.ts'
import { ownCare } from '../words/own-care.ts'
import { useSpoken, useWords, useWordsOf } from '../words/words.tsx'

const genders = ['FEMALE', 'MALE', 'OTHER', 'UNKNOWN'] as const
const empty = {
  first_name: '',
  last_name: '',
  date_of_birth: '',
  phone_primary: '',
  email: '',
  password: '',
  gender: '',
}

/** What was left empty is not sent: what must be there, the server says. */
type Given = Omit<Registration, 'role'>

export function RegisterAccountPage() {
  const { account: words } = useWordsOf(ownCare)
  const { patient, password, members, sign_in } = useWords()
  const { language } = useSpoken()
  const router = useRouter()
  const form = useRef<HTMLFormElement>(null)
  const [value, setValue] = useState(empty)
  const send = useMutation({
    async mutationFn() {
      const { email, password } = value
      const given = Object.fromEntries(Object.entries(value).filter(([, text]) => text.trim() !== '')) as Given
      await call(registrationApi.register, { body: { ...given, preferred_language: language } })
      // Whose address has an account already is told by mail, and is not signed in with another password.
      const tokens = await call(loginApi.login, { body: { username: email.trim(), password } }).catch(() => undefined)
      if (!tokens) return 'told' as const
      await enter(tokens)
      return 'entered' as const
    },
    async onSuccess(outcome) {
      if (outcome === 'entered') await router.navigate({ href: takeGoal() ?? addresses.start })
    },
  })
  useEffect(() => {
    // The first field that is not right is where to go on.
    if (send.error) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [send.error])
  const problem = send.error ? problemOf(send.error) : undefined
  const messages = messagesByMember(problem, members)
  const text = (name: keyof typeof empty) => ({
    value: value[name],
    onChange: (event: { currentTarget: { value: string } }) =>
      setValue({ ...value, [name]: event.currentTarget.value }),
    error: messages[name],
    name,
    size: 'md' as const,
    maxLength: 254,
  })
  if (send.data === 'told') {
    return (
      <Stack>
        <PageTitle title={words.title} />
        <Alert color="ward" role="status">
          <Text size="sm">{words.told}</Text>
        </Alert>
        <Anchor component={Link} to={addresses.start} size="sm" ta="center">
          {sign_in.submit}
        </Anchor>
      </Stack>
    )
  }
  return (
    <form
      noValidate
      ref={form}
      onSubmit={(event) => {
        event.preventDefault()
        if (!send.isPending) send.mutate()
      }}
    >
      <Stack>
        <PageTitle title={words.title} />
        <Text size="sm">{words.text}</Text>
        {problem && <ProblemAlert error={problem} />}
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <TextInput {...text('first_name')} label={patient.first_name} required autoComplete="given-name" autoFocus />
          <TextInput {...text('last_name')} label={patient.last_name} required autoComplete="family-name" />
          <TextInput {...text('date_of_birth')} label={patient.date_of_birth} type="date" autoComplete="bday" />
          <TextInput {...text('phone_primary')} label={patient.phone_primary} type="tel" autoComplete="tel" />
        </SimpleGrid>
        <Radio.Group
          label={patient.gender}
          value={value.gender}
          onChange={(gender) => setValue({ ...value, gender })}
          error={messages['gender']}
        >
          <Group mt={6} gap="md">
            {genders.map((gender) => (
              <Radio key={gender} value={gender} label={patient.genders[gender]} />
            ))}
          </Group>
        </Radio.Group>
        <TextInput {...text('email')} label={patient.email} type="email" required autoComplete="email" />
        <PasswordInput
          {...text('password')}
          label={sign_in.password}
          description={password.rules}
          required
          autoComplete="new-password"
          visibilityToggleButtonProps={{ 'aria-label': password.show }}
        />
        <Button type="submit" size="md" loading={send.isPending}>
          {words.submit}
        </Button>
        <Anchor component={Link} to={addresses.start} size="sm" ta="center">
          {words.have_one}
        </Anchor>
      </Stack>
    </form>
  )
}
