// Doses as they are written: how many milligrams at once, how often, by which way. What can be read in two ways is not read at all.

/** How often: doses a day at the most, and the fewest hours between two. */
export type Frequency = { per_day: number; hours_between: number }
export type Route = 'oral' | 'intravenous' | 'injection'

const milligramsOf: Readonly<Record<string, number>> = {
  mg: 1,
  g: 1000,
  mcg: 0.001,
  ug: 0.001,
  microgram: 0.001,
  milligram: 1,
  gram: 1000,
}
/** `1,500` and `1.500` mean one thing in one country and another in the next: only a zero in front settles a third decimal. */
const amount =
  /^(?:(?:up to|hasta) )?((?:0\.\d{1,6}|\d{1,6}(?:\.\d{1,2})?))(?: ?(?:-|to|a) ?((?:0\.\d{1,6}|\d{1,6}(?:\.\d{1,2})?)))? ?(mg|g|mcg|ug|micrograms?|milligrams?|grams?|microgramos?|miligramos?|gramos?)$/

/** Milligrams of one dose, the larger of a range; undefined where the text says anything else. */
export function readDosage(text: string): number | undefined {
  const [, one, other, unit = ''] = amount.exec(plain(text).replaceAll(/µg|μg/g, 'mcg')) ?? []
  if (one === undefined) return undefined
  const factor = milligramsOf[unitOf(unit)]
  const most = Math.max(Number(one), Number(other ?? one))
  return factor === undefined || most <= 0 ? undefined : Number((most * factor).toFixed(9))
}

function unitOf(unit: string): string {
  return unit
    .replace(/^micro.*/, 'mcg')
    .replace(/^m?ill?i.*/, 'mg')
    .replace(/^gram.*/, 'g')
}

const numbers: Readonly<Record<string, number>> = {
  once: 1,
  one: 1,
  una: 1,
  un: 1,
  twice: 2,
  two: 2,
  dos: 2,
  thrice: 3,
  three: 3,
  tres: 3,
  four: 4,
  cuatro: 4,
  five: 5,
  cinco: 5,
  six: 6,
  seis: 6,
  eight: 8,
  ocho: 8,
  twelve: 12,
  doce: 12,
}
const count = `(\\d{1,2}|${Object.keys(numbers).join('|')})`
const perDay = (times: number): Frequency => ({ per_day: times, hours_between: 24 / times })
const every = (hours: number): Frequency => ({ per_day: 24 / hours, hours_between: hours })
const valueOf = (word: string | undefined) => numbers[word ?? ''] ?? Number(word)

const forms: readonly { form: RegExp; means: (match: RegExpExecArray) => Frequency }[] = [
  {
    form: /^(once (a day|daily)|one time (a day|daily)|daily|every day|each day|qd|every (morning|evening|night)|in the (morning|evening)|at (bedtime|night)|nightly|una vez al dia|diario|diariamente|cada dia|al acostarse|por la noche|por la manana)$/,
    means: () => perDay(1),
  },
  { form: /^(bid|b\.i\.d|bd)$/, means: () => perDay(2) },
  { form: /^(tid|t\.i\.d|tds)$/, means: () => perDay(3) },
  { form: /^(qid|q\.i\.d|qds)$/, means: () => perDay(4) },
  {
    form: new RegExp(`^${count}( times?)?( a day| per day| daily| each day|/day)$`),
    means: ([, n]) => perDay(valueOf(n)),
  },
  { form: new RegExp(`^${count} vec(es)? (al|por) dia$`), means: ([, n]) => perDay(valueOf(n)) },
  {
    form: new RegExp(`^(every|each|cada|q) ?${count}( ?(-|to|a) ?${count})? ?(hours?|hrs?|h|horas?)$`),
    means: ([, , n, , , m]) => every(Math.min(valueOf(n), valueOf(m ?? n))),
  },
  {
    form: /^(every other day|on alternate days|every 2 days|every 48 hours|qod|en dias alternos|cada dos dias)$/,
    means: () => every(48),
  },
  {
    form: /^(once (a week|weekly)|weekly|every week|every 7 days|one day a week|una vez (a la|por) semana|semanal|cada semana)$/,
    means: () => every(168),
  },
  { form: new RegExp(`^${count}( times?)? (a|per) week$`), means: ([, n]) => every(168 / valueOf(n)) },
  { form: /^(once (a month|monthly)|monthly|every month|una vez al mes|mensual)$/, means: () => every(672) },
  {
    form: /^(once( only)?|one dose|single dose|a single dose|stat|now|dosis unica|una sola vez)$/,
    means: () => ({ per_day: 1, hours_between: Infinity }),
  },
]

/** Undefined where the text says anything else. Taken as needed counts as often as it may be taken. */
export function readFrequency(text: string): Frequency | undefined {
  const said = plain(text)
    .replace(
      /[ ,]*(\(?(as needed|if needed|when needed|as required|when required|prn|p\.r\.n|si precisa|si es necesario|a demanda)( for [a-z ]{1,40})?\)?)$/,
      '',
    )
    .replace(
      /[ ,]*(with|after|before|con|despues de|antes de)( or after)?( the| las?| los)? ?(food|meals?|breakfast|lunch|dinner|comidas?|alimentos|desayuno|cena)$/,
      '',
    )
    .trim()
  for (const { form, means } of forms) {
    const match = form.exec(said)
    if (!match) continue
    const frequency = means(match)
    return Number.isFinite(frequency.per_day) && frequency.per_day > 0 && frequency.per_day <= 24
      ? frequency
      : undefined
  }
  return undefined
}

const routes: readonly [RegExp, Route][] = [
  [/^(oral|orally|by mouth|po|p\.o|per os|mouth|via oral|por boca)$/, 'oral'],
  [/^(intravenous|intravenously|iv|i\.v|intravenosa?|via intravenosa)$/, 'intravenous'],
  [/^(injection|intramuscular|im|i\.m|subcutaneous|sc|s\.c|subq|subcutanea|intramuscularmente)$/, 'injection'],
]

export function readRoute(text: string): Route | undefined {
  const said = plain(text)
  return routes.find(([form]) => form.test(said))?.[1]
}

function plain(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[\u2013\u2014]/g, '-')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(/\.$/, '')
}
