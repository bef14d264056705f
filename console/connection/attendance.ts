// Whether somebody is at the page. What it reads by itself, because something changed elsewhere, keeps no session awake.

/** A person sees an answer, and does the next thing, well within this. */
const attendedMs = 15_000
const signsOfLife = ['pointerdown', 'keydown', 'wheel', 'input'] as const

/** Whoever has just opened the page is there. */
let seen_at = Date.now()

export function watchAttendance(): void {
  for (const sign of signsOfLife) addEventListener(sign, () => (seen_at = Date.now()), { passive: true, capture: true })
}

export function isAttended(): boolean {
  return Date.now() - seen_at < attendedMs
}
