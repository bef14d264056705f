// Where somebody was going when they were asked who they are, for after a registration. In memory: it is about a person.
let goal: string | undefined

export function keepGoal(href: string): void {
  goal = href
}

export function takeGoal(): string | undefined {
  const href = goal
  goal = undefined
  return href
}
