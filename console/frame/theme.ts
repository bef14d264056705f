// How the console looks. Every pair of text and ground has the contrast of WCAG 2.2 AA in both schemes.
import { type CSSVariablesResolver, createTheme, type MantineColorSchemeManager } from '@mantine/core'
import { preferences, prefer } from '../connection/preferences.ts'

export const theme = createTheme({
  colors: {
    ward: [
      '#e8f6f5',
      '#d5ebe9',
      '#a9d7d3',
      '#7bc2bd',
      '#56b1ab',
      '#3fa6a0',
      '#2f9f99',
      '#0e7c76',
      '#096b66',
      '#005a55',
    ],
  },
  primaryColor: 'ward',
  primaryShade: { light: 7, dark: 7 },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  headings: { fontWeight: '650' },
})

export const cssVariables: CSSVariablesResolver = () => ({
  // White on the orange of the library has a contrast of 4.3.
  variables: { '--mantine-color-orange-9': '#c2410c' },
  light: {
    '--mantine-color-dimmed': 'var(--mantine-color-gray-7)',
    '--mantine-color-placeholder': 'var(--mantine-color-gray-7)',
    '--mantine-color-error': 'var(--mantine-color-red-9)',
    '--mantine-color-anchor': 'var(--mantine-color-ward-8)',
    '--mantine-color-yellow-light-color': '#6b3f00',
    '--mantine-color-red-light-color': 'var(--mantine-color-red-9)',
  },
  dark: {
    '--mantine-color-dimmed': 'var(--mantine-color-dark-1)',
    '--mantine-color-placeholder': 'var(--mantine-color-dark-1)',
    '--mantine-color-error': 'var(--mantine-color-red-4)',
    '--mantine-color-anchor': 'var(--mantine-color-ward-3)',
    // A tint instead of a shade: what is said in it is read, not shouted.
    '--mantine-color-red-light': 'rgba(255, 107, 107, 0.14)',
    '--mantine-color-red-light-hover': 'rgba(255, 107, 107, 0.2)',
    '--mantine-color-red-light-color': 'var(--mantine-color-red-3)',
    '--mantine-color-yellow-light': 'rgba(255, 212, 59, 0.12)',
    '--mantine-color-yellow-light-color': 'var(--mantine-color-yellow-3)',
    '--mantine-color-ward-light': 'rgba(86, 177, 171, 0.2)',
    '--mantine-color-ward-light-hover': 'rgba(86, 177, 171, 0.28)',
    '--mantine-color-ward-light-color': 'var(--mantine-color-ward-1)',
  },
})

/** In the cookie of preferences: signing out empties the storage that Mantine would use. */
export const schemeManager: MantineColorSchemeManager = {
  get: (otherwise) => preferences().scheme ?? otherwise,
  set: (scheme) => prefer({ scheme }),
  subscribe: () => undefined,
  unsubscribe: () => undefined,
  clear: () => prefer({ scheme: undefined }),
}
