// What follows from what is typed: the early-warning score, said in words, and what else is computed and never entered.
import { Group, Paper, Text, Title } from '@mantine/core'
import { news2FromYears } from '#contracts/assessments/derived'
import { alarms } from '#contracts/assessments/news2'
import type { Derived } from '#contracts/assessments/nursing'
import { useNumber, useNurseWords } from '../words/nurse.ts'
import type { FieldName } from './fields.ts'
import classes from './form.module.css'

export function ScorePanel({ derived, isTyped = false }: { derived: Derived; isTyped?: boolean }) {
  const { form: words } = useNurseWords()
  const number = useNumber()
  const { news2, bmi, mean_arterial_pressure, fall_risk, age_years } = derived
  const isAlarming = news2 !== null && alarms(news2)
  const isChild = age_years !== null && age_years < news2FromYears
  return (
    <Paper
      component="section"
      withBorder
      p="md"
      aria-labelledby="score"
      className={classes.score}
      data-alarming={isAlarming || undefined}
    >
      <div className={classes.summary}>
        <Title order={2} size="h5" id="score">
          {words.score}
        </Title>
        <div role={isTyped ? 'status' : undefined}>
          {news2 === null ? (
            <Text c="dimmed">{isChild ? words.score_child : words.score_none}</Text>
          ) : (
            <>
              <Text className={classes.number}>
                {news2.score === null || news2.band === null
                  ? words.score_least(news2.least_score)
                  : words.score_value(news2.score, words.bands[news2.band])}
              </Text>
              {isAlarming && isTyped && <Text fw={600}>{words.will_alarm}</Text>}
            </>
          )}
        </div>
      </div>
      <div>
        {news2 !== null && news2.missing.length > 0 && (
          <Text size="sm">
            {words.score_missing}:{' '}
            {news2.missing.map((name) => words.fields[`vital_signs.${name}` as FieldName]).join(', ')}
          </Text>
        )}
        <Group gap="lg" mt="xs" component="dl" m={0} className={classes.computed}>
          {bmi !== null && <Computed label={words.bmi}>{`${number(bmi)} kg/m²`}</Computed>}
          {mean_arterial_pressure !== null && (
            <Computed label={words.mean_pressure}>{`${mean_arterial_pressure} mmHg`}</Computed>
          )}
          {fall_risk && (
            <Computed label={words.morse_title}>
              {words.morse(fall_risk.total, words.morse_levels[fall_risk.level])}
            </Computed>
          )}
        </Group>
        {age_years === null && (
          <Text size="sm" c="dimmed">
            {words.age_unknown}
          </Text>
        )}
      </div>
    </Paper>
  )
}

function Computed({ label, children }: { label: string; children: string }) {
  return (
    <div>
      <Text component="dt" size="sm" c="dimmed">
        {label}
      </Text>
      <Text component="dd" m={0} fw={600}>
        {children}
      </Text>
    </div>
  )
}
