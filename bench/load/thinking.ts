// Load by people who think between two requests: how long each waits, not how many requests a server takes.
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runToEnd } from '../processes.ts'
import { type LoadRequest, LoadResult, requireValid } from './load.ts'

export type ThinkingPlan = {
  port: number
  /** Within which everyone sits down and asks for the first time. It does not count: these people are at work already. */
  arriving_seconds: number
  seconds: number
  /** Between the answer and the next request: half to one and a half of it. */
  think_ms: number
  /** The headers of each person's session. */
  people: readonly Record<string, string>[]
  /** Taken by whoever is next; each is sent once. */
  requests: readonly LoadRequest[]
}

export async function runThinking(directory: string, plan: ThinkingPlan): Promise<LoadResult> {
  const path = join(directory, 'thinking.json')
  await writeFile(path, JSON.stringify(plan))
  const output = await runToEnd(process.execPath, [join(import.meta.dirname, 'thinking-process.ts'), path])
  await rm(path)
  const { port, seconds, requests, people } = plan
  const driven = { port, headers: {}, requests, repeats: false, connections: people.length, seconds }
  return requireValid(driven, LoadResult.parse(JSON.parse(output)))
}
