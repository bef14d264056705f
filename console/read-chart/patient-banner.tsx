// Who the patient is and what one must not forget about them: in sight on every page about them.
import { Badge, Group, Text, Title, UnstyledButton } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { may, useUser } from '../connection/use-session.ts'
import type { Allergy, AllergySeverity } from '#contracts/chart/allergy'
import type { Condition } from '#contracts/chart/condition'
import type { Patient } from '#contracts/patients/patient'
import { PersonLine, PersonName } from '../find-patient/person.tsx'
import { ReadProblem } from '../frame/states.tsx'
import { useDates } from '../words/dates.ts'
import { AllergyForm } from './allergy-form.tsx'
import { ageOf } from './age.ts'
import { ConditionForm } from './condition-form.tsx'
import { useEmergencyAccess } from './emergency-access.tsx'
import { isOpenVisit, useAlerts, useAllergies, useConditions, useCurrentMedicines, useVisitsOf } from './known.ts'
import { useChartWords } from './words.ts'
import classes from './banner.module.css'

const order: readonly AllergySeverity[] = ['life_threatening', 'severe', 'moderate', 'mild']
const isGrave = (severity: AllergySeverity) => severity === 'life_threatening' || severity === 'severe'
const isCurrent = ({ clinical_status }: Condition) => ['active', 'recurrence', 'relapse'].includes(clinical_status)

export function PatientBanner({ patient }: { patient: Patient }) {
  const words = useChartWords()
  const user = useUser()
  const allergies = useAllergies(patient.id)
  const conditions = useConditions(patient.id)
  const medicines = useCurrentMedicines(patient.id)
  const [allergy, setAllergy] = useState<Allergy | 'new'>()
  const [condition, setCondition] = useState<Condition | 'new'>()
  const sees = (permission: string) => may(user, permission)
  const mayWrite = sees('chart:write') && patient.is_active
  const standing = allergies.data
    ?.filter(({ status }) => status === 'active')
    .toSorted((one, other) => order.indexOf(one.severity) - order.indexOf(other.severity))
  const age = ageOf(patient.date_of_birth)
  const error = allergies.error ?? conditions.error ?? medicines.error
  return (
    <section className={classes.banner} aria-label={words.person}>
      <Group gap="xs" align="baseline" className={classes.who}>
        <Title order={2} size="h3">
          <PersonName person={patient} />
        </Title>
        {age && (
          <Text component="span" fw={600}>
            {age.years < 2 ? words.months(age.months) : words.years(age.years)}
          </Text>
        )}
        <PersonLine person={patient} />
        <Flags patient={patient} />
      </Group>
      {error ? (
        <ReadProblem error={error} />
      ) : (
        <dl className={classes.facts}>
          {sees('chart:read') && (
            <Facts
              label={words.allergies}
              none={words.no_allergies}
              items={standing?.map((one) => ({
                id: one.id,
                isGrave: isGrave(one.severity),
                text: [one.substance, one.reaction, words.severities[one.severity]].filter(Boolean).join(', '),
                open: mayWrite ? () => setAllergy(one) : undefined,
              }))}
              add={mayWrite && <Add label={words.add_allergy} onAdd={() => setAllergy('new')} />}
            />
          )}
          {sees('chart:read') && (
            <Facts
              label={words.conditions}
              none={words.no_conditions}
              items={conditions.data?.filter(isCurrent).map((one) => ({
                id: one.id,
                text: one.icd10_code ? `${one.text} (${one.icd10_code})` : one.text,
                open: mayWrite ? () => setCondition(one) : undefined,
              }))}
              add={mayWrite && <Add label={words.add_condition} onAdd={() => setCondition('new')} />}
            />
          )}
          {sees('prescriptions:read') && (
            <Facts
              label={words.medicines}
              none={words.no_medicines}
              items={medicines.data?.map((one, at) => ({
                id: `${one.prescription_id} ${at}`,
                text: `${one.name} ${one.dosage}, ${one.frequency}`,
              }))}
            />
          )}
        </dl>
      )}
      {allergy && (
        <AllergyForm
          patient_id={patient.id}
          allergy={allergy === 'new' ? undefined : allergy}
          onClose={() => setAllergy(undefined)}
        />
      )}
      {condition && (
        <ConditionForm
          patient_id={patient.id}
          condition={condition === 'new' ? undefined : condition}
          onClose={() => setCondition(undefined)}
        />
      )}
    </section>
  )
}

function Add({ label, onAdd }: { label: string; onAdd: () => void }) {
  return (
    <UnstyledButton
      aria-label={label}
      title={label}
      onClick={onAdd}
      c="var(--mantine-color-anchor)"
      fw={700}
      w={24}
      h={24}
      ta="center"
    >
      +
    </UnstyledButton>
  )
}

type Fact = { id: string; text: string; isGrave?: boolean; open?: (() => void) | undefined }

function Facts({
  label,
  none,
  items,
  add,
}: {
  label: string
  none: string
  items: Fact[] | undefined
  add?: ReactNode
}) {
  const words = useChartWords()
  const isLoading = items === undefined
  return (
    <div>
      <dt>
        {label} {add}
      </dt>
      <dd>
        {isLoading && <Text size="sm">…</Text>}
        {items?.length === 0 && <Text size="sm">{none}</Text>}
        {items && items.length > 0 && (
          <ul className={classes.list}>
            {items.map(({ id, text, isGrave: grave, open }) => (
              <li key={id} className={grave ? classes.grave : undefined}>
                {open ? (
                  <UnstyledButton fz="sm" fw="inherit" c="inherit" onClick={open} title={words.change(text)}>
                    {text}
                  </UnstyledButton>
                ) : (
                  text
                )}
              </li>
            ))}
          </ul>
        )}
      </dd>
    </div>
  )
}

/** What stands out: never by colour alone. */
function Flags({ patient }: { patient: Patient }) {
  const words = useChartWords()
  const dates = useDates()
  const visits = useVisitsOf(patient.id)
  const alerts = useAlerts()
  const emergency = useEmergencyAccess(patient.id)
  const waiting = alerts.data?.filter(({ patient_id }) => patient_id === patient.id).length ?? 0
  const score = visits.data?.find(isOpenVisit)?.news2_score ?? 0
  const flags = [
    waiting > 0 && { text: words.flag_alert(waiting), color: 'red.9' },
    score >= 5 && { text: words.flag_news2(score), color: score >= 7 ? 'red.9' : 'orange.9' },
    emergency && { text: words.flag_emergency(dates.time(emergency.expires_at)), color: 'grape.9' },
    !patient.is_complete && { text: words.flag_incomplete, color: 'gray.7' },
    !patient.is_active && { text: words.flag_deleted, color: 'gray.7' },
  ].filter((flag) => flag !== false && flag !== undefined)
  if (flags.length === 0) return null
  return (
    <Group gap={4} component="ul" m={0} p={0} aria-label={words.flags} style={{ listStyle: 'none' }}>
      {flags.map(({ text, color }) => (
        <li key={text}>
          <Badge color={color} variant="filled" tt="none">
            {text}
          </Badge>
        </li>
      ))}
    </Group>
  )
}
