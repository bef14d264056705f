// The audit log: who did what, to whose record, when, and how it ended.
import { Button, Group, Stack, Text } from '@mantine/core'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { usePages } from '../connection/pages.ts'
import { may, useUser } from '../connection/use-session.ts'
import { auditLogApi } from '#contracts/audit-trail/audit-log'
import { mostCounted } from '#platform/contract/fields.ts'
import { PageTitle } from '../frame/page-title.tsx'
import { RowList } from '../frame/section.tsx'
import { addDays } from '../words/clock.ts'
import { AuditEntry } from './audit-entry.tsx'
import { AuditFilters } from './audit-filters.tsx'
import { OversightNav, useAuditorWords } from './oversight.tsx'
import type { AuditSearch } from './routes.ts'
import { SubjectSearch, useKnownNames } from './subject-search.tsx'

const route = getRouteApi(`/closed${addresses.audit}`)

/** The beginning of a day on the clock of whoever reads the log. */
const startOf = (date: string) => new Date(`${date}T00:00:00`).toISOString()

export function AuditPage() {
  const words = useAuditorWords()
  const user = useUser()
  const search = route.useSearch()
  const navigate = useNavigate()
  const { from, to, ...same } = search
  const log = usePages(['audit', search], (cursor) =>
    call(auditLogApi.list, {
      query: {
        ...same,
        from: from && startOf(from),
        to: to && startOf(addDays(to, 1)),
        limit: '50',
        cursor,
      },
    }),
  )
  const names = useKnownNames(log.items)
  const narrow = (part: AuditSearch) => void navigate({ to: addresses.audit, search: { ...search, ...part } })
  const chosen = [
    { of: 'user_id', what: search.user_id && words.of_person(names.person(search.user_id) ?? words.this_person) },
    {
      of: 'patient_id',
      what: search.patient_id && words.of_record(names.record(search.patient_id) ?? words.this_record),
    },
    { of: 'correlation_id', what: search.correlation_id && words.of_request },
  ] as const
  const isNarrowed = Object.values(search).some((value) => value !== undefined)
  return (
    <Stack>
      <PageTitle title={words.audit} />
      <OversightNav />
      {may(user, 'audit:review') && (
        <SubjectSearch
          onPerson={({ user_id }) => narrow({ user_id })}
          onRecord={({ patient_id }) => narrow({ patient_id })}
        />
      )}
      <AuditFilters key={JSON.stringify(search)} search={search} onSearch={narrow} />
      <Group gap="xs" justify="space-between">
        <Group gap="xs">
          <Text role="status" size="sm">
            {log.isSuccess ? words.entries(log.total, log.total >= mostCounted) : ''}
          </Text>
          {chosen.map(({ of, what }) =>
            what ? (
              <Button
                key={of}
                size="compact-sm"
                variant="light"
                className="wrap"
                aria-label={words.drop(what)}
                rightSection={<span aria-hidden>×</span>}
                onClick={() => narrow({ [of]: undefined })}
              >
                {what}
              </Button>
            ) : null,
          )}
        </Group>
        {isNarrowed && (
          <Button size="compact-sm" variant="subtle" onClick={() => void navigate({ to: addresses.audit })}>
            {words.clear}
          </Button>
        )}
      </Group>
      <RowList
        of={log}
        label={words.audit}
        none={words.none}
        row={(entry) => <AuditEntry key={entry.id} entry={entry} onNarrow={narrow} />}
      />
    </Stack>
  )
}
