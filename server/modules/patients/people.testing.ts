// Invented people for tests, no two alike.

let made = 0

const syllables = ['ba', 'ce', 'di', 'fo', 'gu', 'ha', 'je', 'ki', 'lo', 'mu', 'na', 'pe', 'ri', 'so', 'tu', 'va']

/** The body of a registration; nobody resembles an earlier one. */
export function nextPerson() {
  made += 1
  return {
    first_name: wordOf(made * 7919),
    last_name: wordOf(made * 104_729),
    date_of_birth: Temporal.PlainDate.from('1950-01-01')
      .add({ days: (made * 37) % 20_000 })
      .toString(),
    gender: 'FEMALE' as const,
    phone_primary: `+1415${String(2_000_000 + made)}`,
    ssn: `${String(100 + (made % 500))}-${String(10 + (made % 89))}-${String(1000 + (made % 9000))}`,
  }
}

function wordOf(seed: number): string {
  let rest = seed
  let word = ''
  for (let at = 0; at < 5; at += 1) {
    word += syllables[rest % 16] ?? ''
    rest = Math.floor(rest / 16)
  }
  return word.charAt(0).toUpperCase() + word.slice(1)
}
