// The doctors whose hours one looks after, and giving another one a profile.
import { Badge, Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import type { Concerns } from '../connection/concerns.ts'
import { useLive } from '../connection/use-live.ts'
import { useUser } from '../connection/use-session.ts'
import { type ScheduledDoctor, scheduleApi } from '#contracts/doctors/schedule'
import { RowLink } from '../frame/link-button.tsx'
import { Sign } from '../frame/mark.tsx'
import { PageTitle } from '../frame/page-title.tsx'
import { Row, RowList } from '../frame/section.tsx'
import { AdministrationNav } from '../look-after-accounts/administration.tsx'
import { useWords } from '../words/words.tsx'
import { NewDoctor } from './new-doctor.tsx'
import { useScheduleWords } from './words.ts'

const concerns: Concerns = { 'doctor.*': [['doctor-profiles']] }

/** Of who is not active, only whoever changes profiles makes anything. */
function useDoctorList() {
  const { permissions } = useUser()
  const isOfAll = permissions.includes('doctors:update')
  return useQuery({
    queryKey: ['doctor-profiles', 'scheduled'],
    async queryFn() {
      const all: ScheduledDoctor[] = []
      for (;;) {
        const { items, total } = await call(scheduleApi.list, { query: { skip: String(all.length), limit: '100' } })
        all.push(...items)
        if (items.length === 0 || all.length >= total) return all.filter(({ is_active }) => is_active || isOfAll)
      }
    },
  })
}

export function SchedulesPage() {
  useLive(concerns)
  const words = useScheduleWords()
  const { frame } = useWords()
  const { permissions } = useUser()
  const doctors = useDoctorList()
  const [isOpen, setOpen] = useState(false)
  return (
    <Stack>
      <Group justify="space-between">
        <PageTitle title={words.title} />
        {permissions.includes('doctors:create') && (
          <Button leftSection={<Sign name="plus" />} onClick={() => setOpen(true)}>
            {words.new_doctor}
          </Button>
        )}
      </Group>
      <AdministrationNav />
      <Text maw={720}>{words.text}</Text>
      <RowList
        of={{ ...doctors, items: doctors.data ?? [] }}
        label={words.title}
        none={words.none}
        row={({ id: doctor_id, first_name, last_name, specialization, location, is_active }) => (
          <Row key={doctor_id}>
            <Group justify="space-between" gap="xs" wrap="nowrap">
              <div style={{ minWidth: 0 }}>
                <RowLink to={addresses.schedule} params={{ doctor_id }}>
                  {first_name} {last_name}
                </RowLink>
                <Text size="sm" c="dimmed" className="name">
                  {specialization}, {location}
                </Text>
              </div>
              {!is_active && (
                <Badge variant="light" color="gray" tt="none" miw="max-content">
                  {words.inactive}
                </Badge>
              )}
            </Group>
          </Row>
        )}
      />
      <Modal
        opened={isOpen}
        onClose={() => setOpen(false)}
        title={words.new_doctor}
        size="lg"
        closeButtonProps={{ 'aria-label': frame.close }}
      >
        <NewDoctor />
      </Modal>
    </Stack>
  )
}
