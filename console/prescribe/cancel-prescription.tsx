// Cancelling a signed prescription, with the reason, and drafting the one that takes its place.
import { Button, Group, Modal, Stack, Switch, Textarea } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { addresses } from '../addresses.ts'
import { call } from '../connection/call.ts'
import { type Prescription, prescriptionApi } from '#contracts/prescriptions/prescription'
import { ProblemAlert } from '../frame/states.tsx'
import { useWords } from '../words/words.tsx'
import { usePrescribeWords } from './words.ts'

export function CancelPrescription({ prescription, onClose }: { prescription: Prescription; onClose: () => void }) {
  const words = usePrescribeWords()
  const { frame } = useWords()
  const known = useQueryClient()
  const navigate = useNavigate()
  const [reason, setReason] = useState('')
  const [isReplaced, setReplaced] = useState(false)
  const params = { prescription_id: prescription.id }
  const cancel = useMutation({
    mutationFn: () =>
      call(
        prescriptionApi.cancel,
        { params, body: { reason, replace: isReplaced } },
        { version: prescription.version },
      ),
    async onSuccess({ replaced_by_id }) {
      onClose()
      if (replaced_by_id) await navigate({ to: addresses.prescription, params: { prescription_id: replaced_by_id } })
    },
    onSettled: () =>
      Promise.all(['prescriptions', 'timeline'].map((key) => known.invalidateQueries({ queryKey: [key] }))),
  })
  return (
    <Modal opened onClose={onClose} title={words.cancel_title} closeButtonProps={{ 'aria-label': frame.close }}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (!cancel.isPending) cancel.mutate()
        }}
      >
        <Stack>
          <Textarea
            label={words.cancel_reason}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            maxLength={500}
            required
            withAsterisk={false}
            autosize
            minRows={2}
            data-autofocus
          />
          <Switch
            label={words.replace}
            checked={isReplaced}
            onChange={(event) => setReplaced(event.currentTarget.checked)}
          />
          {cancel.error && <ProblemAlert error={cancel.error} />}
          <Group>
            <Button type="submit" color="red.9" loading={cancel.isPending}>
              {words.cancel}
            </Button>
            <Button variant="default" onClick={onClose}>
              {frame.close}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
