// Emergency accesses, each to be reviewed by somebody else. A mail leads here.
import { Group, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { usePages } from '../connection/pages.ts'
import { may, useUser } from '../connection/use-session.ts'
import { emergencyAccessApi, type ReviewedAccess } from '#contracts/patients/emergency-access'
import { LinkButton } from '../frame/link-button.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { Row, RowList } from '../frame/section.tsx'
import { dateIn } from '../words/clock.ts'
import { useDates } from '../words/dates.ts'
import { OpenOrAll, OversightNav, type Shown, useAuditorWords } from './oversight.tsx'
import { Outcome, SignOff } from './sign-off.tsx'

const key = 'emergency-accesses'

export function EmergencyPage() {
  const words = useAuditorWords()
  const [show, setShow] = useState<Shown>('open')
  const list = usePages([key, show], (cursor) =>
    call(emergencyAccessApi.list_emergency_accesses, {
      query: { reviewed: show === 'open' ? 'false' : undefined, cursor },
    }),
  )
  return (
    <Stack>
      <PageTitle title={words.emergency} />
      <OversightNav />
      <Text maw={720}>{words.emergency_text}</Text>
      <Group>
        <OpenOrAll show={show} onChange={setShow} />
      </Group>
      <RowList
        of={list}
        label={words.emergency}
        none={words.emergency_none}
        row={(access) => <AccessRow key={access.id} access={access} />}
      />
    </Stack>
  )
}

function AccessRow({ access }: { access: ReviewedAccess }) {
  const words = useAuditorWords()
  const dates = useDates()
  const user = useUser()
  const { id, user_id, patient_id, user_name, patient_number, reason, created_at, expires_at } = access
  const about = (
    <div style={{ minWidth: 0 }}>
      <Text fw={600} className="name">
        {words.opened_record(user_name, patient_number)}
      </Text>
      <Text className="name">{reason ?? words.no_reason}</Text>
      <Text size="sm" c="dimmed">
        {dates.short(created_at)}, {words.until(dates.time(expires_at))}
      </Text>
    </div>
  )
  return (
    <Row mark={access.review_verdict === null ? 'warn' : undefined}>
      <Group justify="space-between" gap="sm">
        {about}
        <Group gap="xs">
          {may(user, 'audit:read') && (
            <LinkButton
              to={addresses.audit}
              search={{ user_id, patient_id, from: dateIn(created_at), to: dateIn(expires_at) }}
              size="compact-sm"
              variant="subtle"
            >
              {words.see_log}
            </LinkButton>
          )}
          <Outcome verdict={access.review_verdict} isOwn={user_id === user.id}>
            <SignOff
              id={id}
              name={`${user_name}, ${patient_number}`}
              about={about}
              hasRemark={false}
              queryKey={key}
              send={(verdict) =>
                call(emergencyAccessApi.review_emergency_access, {
                  params: { emergency_access_id: id },
                  body: { verdict },
                })
              }
            />
          </Outcome>
        </Group>
      </Group>
    </Row>
  )
}
