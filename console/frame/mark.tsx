// The mark, and the few signs that the console draws.
import markUrl from './mark.svg'

export function Mark() {
  return <img src={markUrl} alt="" width={32} height={32} />
}

const paths = {
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M15.5 15.5 20 20',
  calendar: 'M5 6h14v14H5zM5 10h14M9 3v4M15 3v4',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4.5 20a7.5 7.5 0 0 1 15 0',
  plus: 'M12 5v14M5 12h14',
  back: 'm14 6-6 6 6 6',
  forth: 'm10 6 6 6-6 6',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6',
  bed: 'M3 19V6M3 16h18M21 19v-5a3 3 0 0 0-3-3H10v5M6.5 12.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  clock: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M12 8v4.5l3 2',
  people:
    'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M2.5 20a6.5 6.5 0 0 1 13 0M16 4.5a3.5 3.5 0 0 1 0 6.5M18 14a6.5 6.5 0 0 1 3.5 6',
  chart: 'M4 20h16M6.5 16v-4M12 16V6M17.5 16v-7',
  pulse: 'M3 12h4l3-7 4 14 3-7h4',
  more: 'M4 7h16M4 12h16M4 17h16',
  board: 'M4 5h16v14H4zM9.3 5v14M14.6 5v14',
} as const

export type SignName = keyof typeof paths

/** A sign beside words; it says nothing that they do not. */
export function Sign({ name, size = 18 }: { name: SignName; size?: number }) {
  return (
    <svg viewBox="0 0 24 24" width={size} height={size} aria-hidden focusable="false">
      <path
        d={paths[name]}
        fill="none"
        stroke="currentColor"
        strokeWidth="2"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  )
}
