// The words of the chosen language. English is in the first load; another language is fetched when it is chosen.
import { createContext, type PropsWithChildren, use, useCallback, useEffect, useMemo, useState } from 'react'
import { preferences, prefer } from '../connection/preferences.ts'
import { en, type Words } from './en.ts'

export const languages = { en: 'English', es: 'Español' } as const
export type Language = keyof typeof languages

/** Languages that are written from right to left would name `rtl` here: the layout follows it everywhere. */
const directions: Record<Language, 'ltr' | 'rtl'> = { en: 'ltr', es: 'ltr' }
const others: Partial<Record<Language, () => Promise<Words>>> = { es: async () => (await import('./es.ts')).es }

type Spoken = { words: Words; language: Language; locale: string; choose: (language: Language) => void }
const Spoken = createContext<Spoken | undefined>(undefined)

/** The language that was chosen here, or the first of the browser's that we have. */
function firstLanguage(): Language {
  const wanted = [preferences().language, ...navigator.languages.map((tag) => tag.slice(0, 2))]
  return wanted.find((tag): tag is Language => tag !== undefined && tag in languages) ?? 'en'
}

/** Dates and numbers follow the region of the browser where it speaks the language that was chosen. */
function localeOf(language: Language): string {
  return navigator.languages.find((tag) => tag.toLowerCase().startsWith(language)) ?? language
}

export function Speaking({ children }: PropsWithChildren) {
  const [language, setLanguage] = useState<Language>(firstLanguage)
  const [loaded, setLoaded] = useState<{ language: Language; words: Words }>({ language: 'en', words: en })
  useEffect(() => {
    let isWanted = true
    const load = others[language] ?? (async () => en)
    void load().then(
      (words) => isWanted && setLoaded({ language, words }),
      () => isWanted && setLanguage('en'),
    )
    return () => void (isWanted = false)
  }, [language])
  useEffect(() => {
    document.documentElement.lang = loaded.language
    document.documentElement.dir = directions[loaded.language]
  }, [loaded.language])
  const choose = useCallback((next: Language) => {
    prefer({ language: next })
    setLanguage(next)
  }, [])
  const spoken = useMemo(
    () => ({ words: loaded.words, language: loaded.language, locale: localeOf(loaded.language), choose }),
    [loaded, choose],
  )
  // Nothing in English flickers by before the words of another language are here.
  return loaded.language === language ? <Spoken value={spoken}>{children}</Spoken> : null
}

export function useSpoken(): Spoken {
  const spoken = use(Spoken)
  if (!spoken) throw new Error('no language is spoken here')
  return spoken
}

export function useWords(): Words {
  return useSpoken().words
}

/** The words of one task, which come with its pages: `en` is the measure, and the others have its members. */
export function useWordsOf<T>(of: Record<Language, T>): T {
  return of[useSpoken().language]
}
