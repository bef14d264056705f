// Whether what was told in events is what docs/events.md says of each: its subject, and these members of its payload.
import { readDocument, tableRows } from '../documentation/blocks.ts'

export type Told = { type: string; subject_types: string[]; payloads: string[][] }

type Listed = { subject: string; members: string[]; always: boolean }

const listed = new Map(
  tableRows(readDocument('docs/events.md')).map(([type = '', subject = '', payload = '']): [string, Listed] => {
    const members = [...payload.matchAll(/`(\w+)`/g)].map(([, member = '']) => member)
    // Words beside the names say when there are some of them only.
    return [type.replaceAll('`', ''), { subject, members, always: !/[a-z]/.test(payload.replaceAll(/`\w+`/g, '')) }]
  }),
)

/** `payloads`: the sets of members that events of this type had. */
export function faultsOfEvents(told: readonly Told[]): string[] {
  return told.flatMap(({ type, subject_types, payloads }) => {
    const of = listed.get(type)
    if (!of) return [`${type} is not listed`]
    const subjects = subject_types
      .filter((subject) => !new RegExp(`\\b${subject}\\b`).test(of.subject))
      .map((subject) => `${type} is of a ${subject}`)
    const members = payloads.flatMap((names) => {
      const surplus = names.filter((name) => !of.members.includes(name)).map((name) => `${type} has ${name}`)
      const missing = of.members
        .filter((name) => of.always && !names.includes(name))
        .map((name) => `${type} lacks ${name}`)
      return [...surplus, ...missing]
    })
    return [...subjects, ...new Set(members)]
  })
}
