// Two have changed the same: both versions beside each other, and the choice.
import { Alert, Button, Group, ScrollArea, Stack, Table, Text } from '@mantine/core'
import { en } from '../words/both-versions.en.ts'
import { es } from '../words/both-versions.es.ts'
import { useWordsOf } from '../words/words.tsx'

export type Differing = { label: string; theirs: string; mine: string }

type BothVersionsProps = {
  /** Where the usual ones do not say it. */
  words?: {
    conflict: string
    conflict_text?: string
    field?: string
    mine: string
    theirs: string
    keep_mine: string
    take_theirs: string
    /** Of a value that is not there. */
    empty?: string
  }
  fields: readonly Differing[]
  onTheirs: () => void
  onMine: () => void
  isPending?: boolean
}

export function BothVersions({ words: own, fields, onTheirs, onMine, isPending = false }: BothVersionsProps) {
  const usual = useWordsOf({ en, es })
  const words: NonNullable<BothVersionsProps['words']> = own ?? usual
  const differing = fields.filter(({ theirs, mine }) => theirs !== mine)
  return (
    <Alert color="yellow" role="alert" title={words.conflict}>
      <Stack gap="sm">
        {words.conflict_text && <Text size="sm">{words.conflict_text}</Text>}
        {differing.length > 0 && (
          <ScrollArea>
            <Table withRowBorders={false}>
              <Table.Thead>
                <Table.Tr>
                  {words.field ? <Table.Th scope="col">{words.field}</Table.Th> : <Table.Td />}
                  <Table.Th scope="col">{words.theirs}</Table.Th>
                  <Table.Th scope="col">{words.mine}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {differing.map(({ label, theirs, mine }) => (
                  <Table.Tr key={label}>
                    <Table.Th scope="row">{label}</Table.Th>
                    <Table.Td className="name">{theirs || (words.empty ?? '–')}</Table.Td>
                    <Table.Td className="name">{mine || (words.empty ?? '–')}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </ScrollArea>
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
