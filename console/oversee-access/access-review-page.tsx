// What everybody who works here may do, looked at by somebody else twice a year.
import { Badge, Button, Group, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useStaffNames } from '../acknowledge-alert/staff.ts'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { usePages } from '../connection/pages.ts'
import { may, useUser } from '../connection/use-session.ts'
import { type AccessReviewItem, userApi } from '#contracts/identity/user'
import { LinkButton } from '../frame/link-button.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { Row, RowList } from '../frame/section.tsx'
import { ProblemAlert } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { OpenOrAll, OversightNav, type Shown, useAuditorWords } from './oversight.tsx'

const key = 'access-review'

export function AccessReviewPage() {
  const words = useAuditorWords()
  const user = useUser()
  const [show, setShow] = useState<Shown>('open')
  const list = usePages([key, show], (cursor) =>
    call(userApi.accessReview, { query: { due: show === 'open' ? 'true' : undefined, limit: '25', cursor } }),
  )
  const staffName = useStaffNames(
    may(user, 'patients:read') ? list.items.map(({ last_review }) => last_review?.reviewed_by).slice(0, 100) : [],
  )
  return (
    <Stack>
      <PageTitle title={words.access_review} />
      <OversightNav />
      <Text maw={720}>{words.access_review_text}</Text>
      <Group>
        <OpenOrAll show={show} onChange={setShow} />
        <Text role="status" size="sm" c="dimmed">
          {list.isSuccess ? words.accounts(list.total) : ''}
        </Text>
      </Group>
      <RowList
        of={list}
        label={words.access_review}
        none={words.access_review_none}
        row={(item) => <ReviewRow key={item.user_id} item={item} staffName={staffName} />}
      />
    </Stack>
  )
}

function ReviewRow({ item, staffName }: { item: AccessReviewItem; staffName: (user_id: string) => string }) {
  const words = useAuditorWords()
  const dates = useDates()
  const me = useUser()
  const known = useQueryClient()
  const [isOpen, setOpen] = useState(false)
  const { user_id, permissions, denied_permissions, last_review, last_login_at } = item
  const name = `${item.first_name} ${item.last_name}`.trim() || words.unnamed
  const review = useMutation({
    mutationFn: (verdict: 'keep' | 'change') => call(userApi.review, { params: { user_id }, body: { verdict } }),
    onSettled: () => known.invalidateQueries({ queryKey: [key] }),
  })
  const marks = [
    !item.is_active && words.inactive,
    item.is_stale && words.stale,
    item.is_active && !item.mfa_enabled && words.no_mfa,
  ].filter((mark) => mark !== false)
  return (
    <Row mark={item.is_stale || last_review?.verdict === 'change' ? 'warn' : undefined}>
      <Stack gap="xs">
        <Group justify="space-between" gap="xs" align="flex-start">
          <div style={{ minWidth: 0 }}>
            <Text fw={600} className="name">
              {name}
            </Text>
            <Text size="sm" className="name">
              {[item.role, ...marks].join(' · ')}
            </Text>
            <Text size="sm" c="dimmed" className="name">
              {last_login_at ? words.last_signed_in(dates.short(last_login_at)) : words.never_signed_in} ·{' '}
              {last_review
                ? `${words.reviewed_by(dates.short(last_review.reviewed_at), staffName(last_review.reviewed_by))}: ${words.review_verdicts[last_review.verdict]}`
                : words.never_reviewed}
            </Text>
          </div>
          <Button
            size="compact-sm"
            variant="subtle"
            aria-expanded={isOpen}
            aria-label={words.may_do_of(permissions.length, name)}
            onClick={() => setOpen(!isOpen)}
          >
            {words.may_do(permissions.length)}
          </Button>
        </Group>
        {isOpen && (
          <Group gap={4}>
            {permissions.toSorted().map((permission) => (
              <Badge key={permission} variant="default" tt="none" fw={400}>
                {permission}
              </Badge>
            ))}
            {denied_permissions.map((permission) => (
              <Badge key={permission} variant="light" color="red" tt="none" fw={400}>
                {words.withdrawn}: {permission}
              </Badge>
            ))}
          </Group>
        )}
        {review.error && <ProblemAlert error={review.error} />}
        <Group gap="xs">
          {user_id === me.id ? (
            <Text size="sm">{words.own}</Text>
          ) : (
            item.is_active &&
            (['keep', 'change'] as const).map((verdict) => (
              <Button
                key={verdict}
                size="compact-sm"
                variant={verdict === 'keep' ? 'light' : 'default'}
                aria-label={words.review_of(words.review_verdicts[verdict], name)}
                loading={review.isPending && review.variables === verdict}
                onClick={() => !review.isPending && review.mutate(verdict)}
              >
                {words.review_verdicts[verdict]}
              </Button>
            ))
          )}
          {may(me, 'users:read') && (
            <LinkButton
              to={addresses.user}
              params={{ user_id }}
              size="compact-sm"
              variant="subtle"
              aria-label={words.open_account_of(name)}
            >
              {words.open_account}
            </LinkButton>
          )}
        </Group>
      </Stack>
    </Row>
  )
}
