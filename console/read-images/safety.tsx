// The safety screening: what has to be asked, and what an answer speaks against, by the server's rules.
import { Alert, Checkbox, Fieldset, Group, Radio, SimpleGrid, Stack, Text } from '@mantine/core'
import { type Contradiction, SafetyQuestion } from '#contracts/assessments/radiology'
import type { z } from 'zod'
import type { ReadingFieldsProps } from './reading-fields.tsx'
import { useRadiologyWords } from './words.ts'

type SafetyProps = ReadingFieldsProps & { contradictions: readonly z.output<typeof Contradiction>[] }

export function Safety({ typed, wrong, onType, contradictions }: SafetyProps) {
  const words = useRadiologyWords()
  const { answers, acknowledged } = typed
  // As the answers stand now, not as they were when they were last kept.
  const standing = contradictions.filter(({ question }) => answers[question] === true)
  const questions = [...new Set(standing.map(({ question }) => question))]
  return (
    <Fieldset legend={words.safety}>
      <Stack gap="sm">
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          {SafetyQuestion.options.map((question) => (
            <Radio.Group
              key={question}
              label={words.questions[question]}
              value={answers[question] === null ? '' : answers[question] ? 'yes' : 'no'}
              onChange={(value) =>
                onType({ answers: { ...answers, [question]: value === '' ? null : value === 'yes' } })
              }
              error={wrong[`safety.${question}`]}
            >
              <Group gap="md" mt={4}>
                <Radio value="no" label={words.no} />
                <Radio value="yes" label={words.yes} />
                <Radio value="" label={words.not_said} />
              </Group>
            </Radio.Group>
          ))}
        </SimpleGrid>
        {questions.length > 0 && (
          <Alert color="red" role="alert" title={words.speaks_against}>
            <Stack gap="sm">
              {questions.map((question) => (
                <div key={question}>
                  {standing
                    .filter((one) => one.question === question)
                    .map(({ because, source }) => (
                      <Text key={because} size="sm" className="name">
                        {because}{' '}
                        <Text component="span" size="xs">
                          ({source})
                        </Text>
                      </Text>
                    ))}
                  <Checkbox
                    mt={4}
                    label={words.accept_of(words.questions[question])}
                    checked={acknowledged.includes(question)}
                    onChange={(event) =>
                      onType({
                        acknowledged: event.currentTarget.checked
                          ? [...acknowledged, question]
                          : acknowledged.filter((one) => one !== question),
                      })
                    }
                  />
                </div>
              ))}
            </Stack>
          </Alert>
        )}
      </Stack>
    </Fieldset>
  )
}
