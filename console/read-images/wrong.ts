// What is not right in a reading, by the name of its member.
import { messagesByMember, problemOf } from '../connection/problem-of.ts'
import { useWords } from '../words/words.tsx'
import { useRadiologyWords } from './words.ts'

/** In the words of the field where there are any: which fields are needed depends on what is signed. */
export function useWrong(error: unknown): Record<string, string> {
  const words = useRadiologyWords()
  const { members } = useWords()
  const found = messagesByMember(error ? problemOf(error) : undefined, members)
  return Object.fromEntries(
    Object.entries(found).map(([path, message]) => {
      const name = path.replace(/^radiology\./, '')
      return [name, words.members[name.split('.')[0] ?? ''] ?? message]
    }),
  )
}
