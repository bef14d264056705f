// Where a receptionist begins: who is this person, and who is expected today.
import { Button, Grid, Stack } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { leaveDraft } from '../connection/drafts.ts'
import { may, useUser } from '../connection/use-session.ts'
import { Sign } from '../frame/mark.tsx'
import { emptyRegistration, registrationDraft } from '../register-patient/registration-form.ts'
import { Expected } from '../day-calendar/expected.tsx'
import { useWords } from '../words/words.tsx'
import { namesTyped } from './matching.ts'
import { SearchBox } from './search-box.tsx'
import { PageTitle } from '../frame/page-title.tsx'

export function ReceptionPage() {
  const { find, places } = useWords()
  const user = useUser()
  const navigate = useNavigate()
  const register = (typed: string) => {
    leaveDraft(registrationDraft, { ...emptyRegistration, ...namesTyped(typed) })
    void navigate({ to: addresses.register_patient })
  }
  return (
    <Grid gap="xl">
      <Grid.Col span={{ base: 12, md: 7 }}>
        <Stack>
          <PageTitle title={places.reception} />
          <SearchBox
            action={(typed) =>
              may(user, 'patients:create') && (
                <Button variant="light" leftSection={<Sign name="plus" />} onClick={() => register(typed)}>
                  {find.register}
                </Button>
              )
            }
          />
        </Stack>
      </Grid.Col>
      {may(user, 'appointments:read') && (
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Expected />
        </Grid.Col>
      )}
    </Grid>
  )
}
