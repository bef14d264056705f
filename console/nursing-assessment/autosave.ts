// Keeps the draft at the server as it is typed: one request at a time, the latest form last.
import { useCallback, useEffect, useRef, useState } from 'react'
import { call } from '../connection/call.ts'
import { problemOf } from '../connection/problem-of.ts'
import { assessmentApi, nursingApi } from '#contracts/assessments/assessment'
import type { NursingForm } from '#contracts/assessments/nursing'

/** So long after the last key. */
const restMs = 800
const tryAgainMs = 5000

export type Saving = { status: 'clean' | 'saving' | 'saved' | 'failed' | 'conflict'; at?: string; error?: unknown }
export type Kept = { assessment_id: string | null; version: number | null }

type AutosaveProps = {
  visit_id: string
  form: NursingForm
  /** As the server has it. */
  kept: Kept
  saved: NursingForm
  isConflict: boolean
  onKept: (kept: { assessment_id: string; version: number }) => void
}

export function useAutosave({ visit_id, form, kept, saved, isConflict, onKept }: AutosaveProps) {
  const [saving, setSaving] = useState<Saving>({ status: isConflict ? 'conflict' : 'clean' })
  const text = JSON.stringify(form)
  const at = useRef({ ...kept, text, saved: JSON.stringify(saved), is_held: isConflict, error: undefined as unknown })
  const running = useRef<Promise<void>>(undefined)
  const told = useRef(onKept)
  useEffect(() => {
    at.current.text = text
    told.current = onKept
  })

  const run = useCallback((): Promise<void> => {
    const save = async () => {
      while (at.current.text !== at.current.saved && !at.current.is_held) {
        const sent = at.current.text
        setSaving({ status: 'saving' })
        try {
          const { id, version } = await keep(visit_id, at.current, JSON.parse(sent) as NursingForm)
          Object.assign(at.current, { assessment_id: id, version, saved: sent })
          told.current({ assessment_id: id, version })
          setSaving({ status: 'saved', at: new Date().toISOString() })
        } catch (error) {
          const isConflicting = ['stale_version', 'draft_open', 'assessment_signed'].includes(
            problemOf(error).kind.code,
          )
          if (isConflicting) at.current.is_held = true
          at.current.error = error
          setSaving({ status: isConflicting ? 'conflict' : 'failed', error })
          return
        }
      }
    }
    running.current ??= save().finally(() => (running.current = undefined))
    return running.current
  }, [visit_id])

  useEffect(() => {
    if (text === at.current.saved || at.current.is_held) return
    const late = setTimeout(() => void run(), restMs)
    return () => clearTimeout(late)
  }, [text, run])
  const hasFailed = saving.status === 'failed'
  useEffect(() => {
    if (!hasFailed) return
    const again = setInterval(() => void run(), tryAgainMs)
    return () => clearInterval(again)
  }, [hasFailed, run])
  // Whoever goes to another page has not to wait for the rest of a second.
  useEffect(() => () => void run(), [run])

  /** @throws Problem where what is typed could not be kept */
  const flush = useCallback(async (): Promise<Kept> => {
    await run()
    // It was typed on while the last request was under way.
    if (at.current.text !== at.current.saved) await run()
    if (at.current.text !== at.current.saved) throw at.current.error
    return { assessment_id: at.current.assessment_id, version: at.current.version }
  }, [run])
  /** Goes on from what the server has now. */
  const goOn = useCallback(
    (from: Kept, has: NursingForm) => {
      Object.assign(at.current, { ...from, saved: JSON.stringify(has), is_held: false })
      setSaving({ status: 'clean' })
      void run()
    },
    [run],
  )
  const isKept = text === at.current.saved
  return { saving, flush, goOn, isKept }
}

function keep(visit_id: string, { assessment_id, version }: Kept, nursing: NursingForm) {
  if (assessment_id === null || version === null) {
    return call(nursingApi.create, { params: { visit_id }, body: nursing })
  }
  return call(assessmentApi.save, { params: { assessment_id }, body: { nursing } }, { version })
}
