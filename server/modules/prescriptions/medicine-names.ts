// Which medicines a name means: written as a brand, with its salt and strength, in English or Spanish, or as several in one product.
// What is left over of a name is said to be unknown: half of a combination must not pass for the whole.
import type { Medicine, RuleSet } from './rule-set.ts'

export type Understood = {
  /** Substances: the ingredients where it is a combination, and the combination itself. */
  substances: ReadonlySet<string>
  /** How it was named: medicines, classes and other substances. */
  named: ReadonlySet<string>
  /** Everything that a fact may be about: substances, their classes and what was named. */
  tags: ReadonlySet<string>
  /** How many substances one dose of it holds. */
  ingredients: number
  /** Words that mean nothing known. */
  unknown: readonly string[]
}

export type Vocabulary = { understand: (name: string, code?: string | null) => Understood }

/** Words without accents, in lower case. */
export function normalised(text: string): string[] {
  const plain = text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()
  return plain
    .replaceAll(/['\u2019]s\b/g, 's')
    .split(/[^\p{L}\p{N}.]+/u)
    .map((word) => word.replaceAll(/^\.+|\.+$/g, ''))
    .filter((word) => word !== '')
}

type Entry = { words: readonly string[]; name: string }

export function createVocabulary(rules: RuleSet): Vocabulary {
  const medicines = new Map(rules.medicines.map((medicine) => [medicine.name, medicine]))
  const entries = Map.groupBy(
    [
      ...rules.medicines.flatMap(({ name, other_names }) => entriesOf(name, other_names)),
      ...rules.classes.flatMap(({ class: name, other_names }) => entriesOf(name, other_names)),
      ...rules['other-substances'].flatMap(({ name, other_names }) => entriesOf(name, other_names)),
    ].toSorted((one, other) => other.words.length - one.words.length),
    ({ words }) => words[0] ?? '',
  )
  const byCode = new Map(rules.medicines.filter(({ atc }) => atc !== '').map(({ atc, name }) => [atc, name]))
  const codePrefixes = rules.classes.flatMap(({ class: name, atc }) => atc.map((prefix) => ({ prefix, name })))

  function namedIn(words: readonly string[]): { named: Set<string>; unknown: string[] } {
    const named = new Set<string>()
    const unknown: string[] = []
    for (let at = 0; at < words.length;) {
      const word = words[at] ?? ''
      const entry = entries.get(word)?.find((one) => one.words.every((part, index) => words[at + index] === part))
      if (entry) named.add(entry.name)
      else if (!isFiller(word)) unknown.push(word)
      at += entry?.words.length ?? 1
    }
    return { named, unknown }
  }

  function named(name: string, code: string | null | undefined) {
    const found = namedIn(normalised(name))
    const known = code && byCode.get(code.toUpperCase())
    if (known) found.named.add(known)
    for (const { prefix, name: group } of codePrefixes)
      if (code?.toUpperCase().startsWith(prefix)) found.named.add(group)
    return found
  }

  return {
    understand(name, code) {
      const { named: what, unknown } = named(name, code)
      const products = [...what].flatMap((one) => medicines.get(one) ?? [])
      const parts = products.flatMap(({ contains }) => contains.flatMap((one) => medicines.get(one) ?? []))
      const all: readonly Medicine[] = [...products, ...parts]
      const simple = new Set(all.filter(({ contains }) => contains.length === 0).map((one) => one.name))
      // A combination of which one part only is known by itself.
      const whole = products.filter(({ contains }) => contains.length === 1).map((one) => one.name)
      return {
        substances: new Set(all.map((one) => one.name)),
        named: what,
        tags: new Set([...what, ...all.flatMap((one) => [one.name, ...one.classes])]),
        ingredients: new Set([...simple, ...whole]).size,
        unknown: what.size === 0 ? normalised(name) : unknown,
      }
    },
  }
}

function entriesOf(name: string, other_names: readonly string[]): Entry[] {
  return [name, ...other_names].map((one) => ({ name, words: normalised(one) }))
}

/** Whether a word beside a medicine's name says nothing of what it is: strengths, forms, salts, and how people speak of allergies. */
function isFiller(word: string): boolean {
  return /^[\d.]+(mg|mcg|ug|g|ml|l|iu|u|hr|h|meq|mmol)?$/.test(word) || fillers.has(word)
}

const fillers = new Set(
  `a al and as con de del dose drug each el for from in la las los of on or para per plus the to with y
  mg mcg ug g kg ml l iu ui unit units unt actuat hr hour hours meq mmol microgram micrograms milligram milligrams percent
  tablet tablets tab tabs capsule capsules cap caps oral solution suspension syrup elixir injection injectable inj infusion vial ampoule
  pen prefilled syringe extended delayed modified sustained immediate release er xr sr la cr mr dr xl film coated enteric chewable
  dispersible effervescent disintegrating sublingual buccal rectal suppository suppositories topical cream ointment gel lotion patch patches
  transdermal system inhaler inhalation metered inhalant nebulizer nebuliser spray nasal ophthalmic otic eye ear drop drops powder granules sachet kit pack
  product form dosage strength generic brand comprimido comprimidos capsula capsulas jarabe solucion suspension inyectable crema pomada gotas
  hydrochloride hcl hydrobromide sodium sodio potassium potasico calcium calcico magnesium maleate tartrate bitartrate succinate sulfate sulphate
  phosphate acetate besylate besilate mesylate mesilate fumarate citrate trihydrate dihydrate monohydrate hemihydrate anhydrous bromide
  nitrate tosylate medoxomil cilexetil axetil proxetil mofetil etexilate lactate gluconate palmitate decanoate erbumine disoproxil stearate
  ethylsuccinate hyclate monohydrochloride dihydrochloride hemifumarate xinafoate
  allergy allergic allergies alergia alergico substance substances organism medication medications medicine medicines antibiotic antibiotics
  containing products disorder intolerance hypersensitivity anaphylaxis anaphylactic reaction severe history known`
    .split(/\s+/)
    .filter((word) => word !== ''),
)
