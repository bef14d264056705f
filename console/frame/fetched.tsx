// A component whose code is fetched on its own. React's `lazy` suspends, and whatever has suspended is shown 300 ms after the last
// fallback at the earliest, however soon it is there (FALLBACK_THROTTLE_MS of react-dom).
import { type ComponentType, useEffect, useState } from 'react'
import { WaitingPage } from './states.tsx'

type Fetched<Props> = ComponentType<Props> & {
  /** Begins before anything of it is to be shown. */
  fetch(): Promise<unknown>
}

export function fetched<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  Meanwhile: ComponentType = WaitingPage,
): Fetched<Props> {
  let Loaded: ComponentType<Props> | undefined
  const fetch = async () => (Loaded ??= await load())
  function Shown(props: Props) {
    const [isLoaded, setLoaded] = useState(Loaded !== undefined)
    useEffect(() => {
      if (isLoaded) return
      fetch().then(
        () => setLoaded(true),
        // For the boundary around it, as if it had failed while being drawn.
        (error: unknown) =>
          setLoaded(() => {
            throw error
          }),
      )
    }, [isLoaded])
    return isLoaded && Loaded ? <Loaded {...props} /> : <Meanwhile />
  }
  return Object.assign(Shown, { fetch })
}
