// What was signed: the values with their flags, what followed from them, the alert, and each version that was.
import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { AlertCard } from '../acknowledge-alert/alert-card.tsx'
import { useStaffNames } from '../acknowledge-alert/staff.ts'
import { call } from '../connection/call.ts'
import { ReadProblem, Waiting } from '../frame/states.tsx'
import { assessmentApi } from '#contracts/assessments/assessment'
import type { Assessment, AssessmentVersion } from '#contracts/assessments/assessment-record'
import type { Derived } from '#contracts/assessments/nursing'
import { useDates } from '../words/dates.ts'
import { useNurseWords } from '../words/nurse.ts'
import { useFlagText, useTextOf } from './field.tsx'
import { differing, fields, type Section, type Values, valuesOf } from './fields.ts'
import classes from './form.module.css'
import { ScorePanel } from './score-panel.tsx'

export function SignedView({ assessment, onAmend }: { assessment: Assessment; onAmend: () => void }) {
  const { signed: words } = useNurseWords()
  const dates = useDates()
  const { id, alert, derived, status, taken_at } = assessment
  const versions = useQuery({
    queryKey: ['assessments', 'versions', id, assessment.version],
    queryFn: () => call(assessmentApi.versions, { params: { assessment_id: id } }).then(({ items }) => items),
  })
  const nameOf = useStaffNames(versions.data?.map(({ signed_by }) => signed_by) ?? [])
  const latest = versions.data?.at(-1)
  return (
    <div className={classes.page}>
      <div className={classes.side}>{derived && <ScorePanel derived={derived} />}</div>
      <Stack className={classes.form}>
        {alert && <AlertCard assessment_id={id} alert={alert} />}
        <Group justify="space-between">
          <div>
            <Text fw={600}>
              {words.statuses[status]} · {words.taken(dates.short(taken_at))}
            </Text>
            {latest && <Text size="sm">{words.by(nameOf(latest.signed_by), dates.short(latest.signed_at))}</Text>}
          </div>
          <Button variant="default" onClick={onAmend}>
            {words.amend}
          </Button>
        </Group>
        <Content values={valuesOf(assessment.nursing)} derived={derived} />
        {versions.isPending && <Waiting />}
        {versions.error && <ReadProblem error={versions.error} />}
        {versions.data && versions.data.length > 1 && <Versions versions={versions.data} nameOf={nameOf} />}
      </Stack>
    </div>
  )
}

function Content({ values, derived }: { values: Values; derived: Derived | null }) {
  const { form } = useNurseWords()
  const textOf = useTextOf()
  const flagText = useFlagText()
  const sections = [...new Set(fields.map(({ section }) => section))]
  const shownIn = (section: Section) => fields.filter((one) => one.section === section && values[one.name])
  return sections
    .filter((section) => shownIn(section).length > 0)
    .map((section) => (
      <Paper key={section} component="section" withBorder p="md">
        <Title order={2} size="h4" mb="sm">
          {form.sections[section]}
        </Title>
        <dl className={classes.facts}>
          {shownIn(section).map(({ name, kind }) => {
            const flag = derived?.flags.find(({ field }) => name === `vital_signs.${field}`)
            return (
              <div key={name}>
                <Text component="dt" size="sm" c="dimmed">
                  {form.fields[name]}
                </Text>
                <Text component="dd" m={0} className="name">
                  {textOf(name, kind, values[name] ?? '')}
                  {flag && (
                    <span className={classes.flag} data-flag={flag.flag}>
                      {flagText(flag)}
                    </span>
                  )}
                </Text>
              </div>
            )
          })}
        </dl>
      </Paper>
    ))
}

type VersionsProps = { versions: readonly AssessmentVersion[]; nameOf: (user_id: string) => string }

function Versions({ versions, nameOf }: VersionsProps) {
  const { form, signed: words } = useNurseWords()
  const dates = useDates()
  const textOf = useTextOf()
  return (
    <Paper component="section" withBorder p="md" aria-labelledby="versions">
      <Title order={2} size="h4" mb="sm" id="versions">
        {words.versions}
      </Title>
      <Stack>
        {versions.toReversed().map((version) => {
          const values = valuesOf(version.nursing)
          const before = versions.find(({ version_number }) => version_number === version.version_number - 1)
          const earlier = valuesOf(before?.nursing ?? null)
          const changed = before ? differing(values, earlier) : []
          return (
            <div key={version.version_number}>
              <Text fw={600}>{words.version(version.version_number)}</Text>
              <Text size="sm">{words.by(nameOf(version.signed_by), dates.short(version.signed_at))}</Text>
              {version.reason && (
                <Text size="sm" className="name">
                  {words.reason_of(version.reason)}
                </Text>
              )}
              {fields
                .filter(({ name }) => changed.includes(name))
                .map(({ name, kind }) => (
                  <Text key={name} size="sm" className="name">
                    {form.fields[name]}: <s>{earlier[name] ? textOf(name, kind, earlier[name]) : form.empty_value}</s>{' '}
                    {values[name] ? textOf(name, kind, values[name]) : form.empty_value}
                  </Text>
                ))}
            </div>
          )
        })}
      </Stack>
    </Paper>
  )
}
