// Of those who want the same time of a doctor here at once one tries, and the others look again before they do: as a rule they have
// lost, which is told sooner by a look than by a turn at the doctor's lock.

/** How often somebody waits for others, and looks in all, before they are asked to come again. */
export const mostWaits = 3
export const mostLooks = 8

const underWay = new Map<string, Promise<unknown>>()

/** Over when whoever tries for the same has ended, however that was; undefined where nobody does. */
export function another(wanted: string): Promise<unknown> | undefined {
  // How it ended is told to whoever asked for it.
  return underWay.get(wanted)?.catch(() => undefined)
}

/** What the work gives, which others see under way meanwhile. */
export async function tryFor<T>(wanted: string, work: Promise<T>): Promise<T> {
  underWay.set(wanted, work)
  try {
    return await work
  } finally {
    if (underWay.get(wanted) === work) underWay.delete(wanted)
  }
}
