// Reading a JSON body: what JSON.parse would let pass (a member twice, bottomless nesting, prototype members) is refused.
import { malformed, Problem } from '#platform/contract/problem.ts'

const deepest = 32

/** @throws Problem malformed, saying where */
export function parseJson(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Problem(malformed, { detail: 'The body is not JSON' })
  }
  refuseHiddenMembers(text)
  return value
}

/** Walks the text once; it is valid JSON by now. */
function refuseHiddenMembers(text: string) {
  const open: (Set<string> | undefined)[] = []
  let expectsName = false
  for (let at = 0; at < text.length; at += 1) {
    const sign = text.charCodeAt(at)
    if (sign === 0x22) {
      const end = endOfString(text, at)
      const names = open.at(-1)
      if (expectsName && names) {
        const raw = text.slice(at, end + 1)
        const name = raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1)
        if (names.has(name)) throw new Problem(malformed, { detail: 'A member of the body is there twice' })
        if (name === '__proto__' || name === 'constructor' || name === 'prototype') {
          throw new Problem(malformed, { detail: 'A member of the body has a forbidden name' })
        }
        names.add(name)
        expectsName = false
      }
      at = end
    } else if (sign === 0x7b || sign === 0x5b) {
      if (open.length >= deepest)
        throw new Problem(malformed, { detail: `The body is nested deeper than ${deepest} levels` })
      open.push(sign === 0x7b ? new Set() : undefined)
      expectsName = sign === 0x7b
    } else if (sign === 0x7d || sign === 0x5d) {
      open.pop()
      expectsName = false
    } else if (sign === 0x2c) {
      expectsName = open.at(-1) !== undefined
    }
  }
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at += 1) {
    const sign = text.charCodeAt(at)
    if (sign === 0x5c) at += 1
    else if (sign === 0x22) return at
  }
}
