// The thread that holds the name index: it opens the sealed cards, so that neither the work nor the names of all
// patients are in the main thread.
import { parentPort, workerData } from 'node:worker_threads'
import { certain } from '#platform/certain.ts'
import { openDataKeyOnce } from '#platform/encryption/data-key.ts'
import { unlessUnreadable } from '#platform/encryption/failures.ts'
import { parseMasterKeys } from '#platform/encryption/keyring.ts'
import { openJson } from '#platform/encryption/sealing.ts'
import type { Answer, NumberedRequest, WorkerSettings } from './messages.ts'
import { createNameIndex, type NameMatch } from './name-index.ts'
import { packIds, unpackRows } from './packing.ts'

type SealedCard = {
  first_name?: string | null
  middle_name?: string | null
  last_name?: string | null
  date_of_birth?: string | null
}

const settings: WorkerSettings = workerData
let keyring = parseMasterKeys(settings.master_keys_text)
const index = createNameIndex()
const port = certain(parentPort, 'thread that started this one')

/** Each message costs something, but until one comes the other thread has nothing to do: so many answers, or so long, wait for each other. */
const answeredTogether = 8
const keptMilliseconds = 0.3

port.on('message', (requests: NumberedRequest[]) => {
  let answers: Answer[] = []
  let began_at = performance.now()
  for (const request of requests) {
    answers.push(answer(request))
    if (answers.length < answeredTogether && performance.now() - began_at < keptMilliseconds) continue
    port.postMessage(answers)
    answers = []
    began_at = performance.now()
  }
  if (answers.length > 0) port.postMessage(answers)
})

function answer({ request_number, request }: NumberedRequest): Answer {
  let matches: NameMatch[] = []
  let unreadable: string[] = []
  switch (request.kind) {
    case 'add_sealed':
      unreadable = addSealed(request.packed)
      break
    case 'master_keys':
      keyring = parseMasterKeys(request.text)
      break
    case 'remove':
      for (const id of request.ids) index.remove(id)
      break
    case 'search':
      matches = index.search(request.text, request.options)
      break
  }
  return {
    request_number,
    size: index.size(),
    memory_bytes: index.memory_bytes(),
    ids: packIds(matches),
    unreadable,
  }
}

/** One card that does not open keeps no other out; its patient is not found by a name that may be out of date. */
function addSealed(packed: Uint8Array): string[] {
  const unreadable: string[] = []
  for (const { id, key_id, kek_id, wrapped, sealed_card } of unpackRows(packed)) {
    const place = { table: 'patients', column: 'sealed_card', row_id: id }
    const card = unlessUnreadable(
      () => openJson<SealedCard>(openDataKeyOnce(keyring, { id: key_id, kek_id, wrapped }), place, sealed_card),
      () => undefined,
    )
    if (card) {
      const name = [card.first_name, card.middle_name, card.last_name].filter(Boolean).join(' ')
      index.upsert(id, name, card.date_of_birth ?? null)
    } else {
      index.remove(id)
      unreadable.push(id)
    }
  }
  return unreadable
}
