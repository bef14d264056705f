// Says that what is shown may be old, where changes of others do not come through.
import { Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useLiveState } from '../connection/use-live.ts'
import { useWords } from '../words/words.tsx'
import classes from './inside-frame.module.css'

/** A server that starts again is back sooner. */
const patienceMs = 5000

export function LiveLine() {
  const { frame } = useWords()
  const state = useLiveState()
  const [isLate, setLate] = useState(false)
  useEffect(() => {
    if (state === 'live') return setLate(false)
    const late = setTimeout(() => setLate(true), patienceMs)
    return () => clearTimeout(late)
  }, [state])
  return (
    <div role="status">
      {isLate && (
        <Text size="sm" className={classes.late}>
          {frame.not_live}
        </Text>
      )}
    </div>
  )
}
