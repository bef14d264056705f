// What was typed here and elsewhere, side by side: a person chooses.
import { Alert, Button, Group, ScrollArea, Table, Text } from '@mantine/core'
import { useNurseWords } from '../words/nurse.ts'
import { useTextOf } from './field.tsx'
import { differing, fields, type Values } from './fields.ts'

type ConflictProps = {
  text: string
  there_label: string
  here: Values
  there: Values
  isBusy?: boolean
  onKeepHere: () => void
  onTakeThere: () => void
}

export function Conflict({ text, there_label, here, there, isBusy = false, onKeepHere, onTakeThere }: ConflictProps) {
  const { form: words } = useNurseWords()
  const textOf = useTextOf()
  const kindOf = new Map(fields.map(({ name, kind }) => [name, kind]))
  const shown = (values: Values, name: (typeof fields)[number]['name']) =>
    values[name] ? textOf(name, kindOf.get(name) ?? 'words', values[name]) : words.empty_value
  return (
    <Alert color="yellow" role="alert" title={text}>
      <ScrollArea>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Td />
              <Table.Th scope="col">{words.here}</Table.Th>
              <Table.Th scope="col">{there_label}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {differing(here, there).map((name) => (
              <Table.Tr key={name}>
                <Table.Th scope="row">{words.fields[name]}</Table.Th>
                <Table.Td className="name">{shown(here, name)}</Table.Td>
                <Table.Td className="name">{shown(there, name)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea>
      {differing(here, there).length === 0 && <Text size="sm">{words.empty_value}</Text>}
      <Group mt="sm">
        <Button onClick={onKeepHere} loading={isBusy}>
          {words.keep_here}
        </Button>
        <Button variant="default" onClick={onTakeThere}>
          {words.take_there}
        </Button>
      </Group>
    </Alert>
  )
}
