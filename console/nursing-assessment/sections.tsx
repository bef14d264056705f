// The form, section by section. Vital signs stand open; the rest opens with one key.
import { Accordion, Alert, Button, Group, Paper, Stack, Text, TextInput, Title } from '@mantine/core'
import { useNurseWords } from '../words/nurse.ts'
import { Field, type FieldProps } from './field.tsx'
import { fields, type Section } from './fields.ts'
import classes from './form.module.css'
import { useState } from 'react'

const further: readonly Section[] = ['general', 'pain', 'fall_risk', 'function', 'screening', 'older_person', 'more']

type SectionsProps = Omit<FieldProps, 'field'> & { hasOlderPerson: boolean }

export function Sections({ hasOlderPerson, ...rest }: SectionsProps) {
  const { form: words } = useNurseWords()
  const { state, isAttempted } = rest
  const begun = further.filter((section) => fields.some((one) => one.section === section && state.shown[one.name]))
  const [open, setOpen] = useState<string[]>(begun)
  const faulty = fields.filter(({ name }) => state.faults.has(name)).map(({ section }) => section)
  // What is wrong is not behind a closed door.
  const shown = isAttempted ? [...new Set([...open, ...faulty])] : open
  const of = (section: Section) => (
    <div className={classes.grid}>
      {fields
        .filter((field) => field.section === section)
        .map((field) => (
          <Field key={field.name} field={field} {...rest} />
        ))}
    </div>
  )
  return (
    <Stack gap="lg">
      <Paper component="section" withBorder p="md" aria-labelledby="vital-signs">
        <Group justify="space-between" align="flex-start" mb="sm">
          <Title order={2} size="h4" id="vital-signs">
            {words.sections.vital_signs}
          </Title>
          <TextInput
            type="datetime-local"
            label={words.fields.taken_at}
            description={words.taken_at_help}
            value={state.state.taken_at}
            onChange={(event) => state.change({ taken_at: event.currentTarget.value })}
          />
        </Group>
        {state.unconfirmed.length > 0 && (
          <Alert color="yellow" mb="sm" role="note">
            <Group justify="space-between">
              <Text size="sm">{words.unconfirmed(state.unconfirmed.length)}</Text>
              <Button size="compact-sm" variant="default" onClick={() => state.confirm(state.unconfirmed)}>
                {words.confirm_all}
              </Button>
            </Group>
          </Alert>
        )}
        {of('vital_signs')}
      </Paper>
      <Accordion multiple value={shown} onChange={setOpen} variant="separated" order={2} keepMounted={false}>
        {further
          .filter((section) => section !== 'older_person' || hasOlderPerson)
          .map((section) => (
            <Accordion.Item key={section} value={section}>
              <Accordion.Control>{words.sections[section]}</Accordion.Control>
              <Accordion.Panel>{of(section)}</Accordion.Panel>
            </Accordion.Item>
          ))}
      </Accordion>
    </Stack>
  )
}
