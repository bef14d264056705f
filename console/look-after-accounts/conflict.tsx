// Two have changed the same: both versions beside each other, and the choice.
import { Alert, Button, Group, Stack, Table, Text } from '@mantine/core'
import { useAdministratorWords } from './administration.tsx'

export type Differing = { label: string; theirs: string; mine: string }

type Props = { fields: readonly Differing[]; onTheirs: () => void; onMine: () => void; isPending: boolean }

export function Conflict({ fields, onTheirs, onMine, isPending }: Props) {
  const words = useAdministratorWords()
  const differing = fields.filter(({ theirs, mine }) => theirs !== mine)
  return (
    <Alert color="yellow" role="alert" title={words.conflict}>
      <Stack gap="sm">
        <Text size="sm">{words.conflict_text}</Text>
        {differing.length > 0 && (
          <Table withRowBorders={false}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{words.field}</Table.Th>
                <Table.Th>{words.theirs}</Table.Th>
                <Table.Th>{words.mine}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {differing.map(({ label, theirs, mine }) => (
                <Table.Tr key={label}>
                  <Table.Th scope="row">{label}</Table.Th>
                  <Table.Td className="name">{theirs || '–'}</Table.Td>
                  <Table.Td className="name">{mine || '–'}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
        <Group gap="xs">
          <Button variant="default" onClick={onTheirs}>
            {words.take_theirs}
          </Button>
          <Button onClick={onMine} loading={isPending}>
            {words.keep_mine}
          </Button>
        </Group>
      </Stack>
    </Alert>
  )
}
