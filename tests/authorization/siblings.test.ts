// Reading is as protected as writing (AZ-13): whatever is kept from somebody by one verb is not given away by another.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startTestApi } from '../../server/testing.ts'
import { matrix } from './matrix.ts'
import { actors } from './world.ts'

const served = await (async () => {
  await using api = await startTestApi()
  return api.app.routes.map(({ operation }) => operation)
})()
const pathOf = (operation: string) => operation.replace(/^\w+ /, '')
const verbOf = (operation: string) => operation.replace(/ .*/, '')
const resources = Map.groupBy(served, ({ path }) => path)
const verbs = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

describe('the verbs of each resource', () => {
  it('are all in the matrix, and what is not served is refused', async (t) => {
    await using api = await startTestApi()
    const admin = await api.person('admin')
    let asked = 0
    const wrong: string[] = []
    for (const [path, operations] of resources) {
      const known = new Set(
        matrix.filter(({ operation }) => pathOf(operation) === path).map(({ operation }) => verbOf(operation)),
      )
      for (const verb of verbs) {
        const isServed = operations.some(({ method }) => method === verb)
        if (isServed !== known.has(verb)) wrong.push(`${verb} ${path} is ${isServed ? 'not ' : ''}in the matrix`)
        if (isServed) continue
        asked += 1
        const url = path.replaceAll(/\{\w+\}/g, () => crypto.randomUUID())
        const { status } = await admin.send({ method: verb as 'GET', url, headers: {} })
        // An address may also be that of something by an id: /users/profile is none of /users/{user_id}.
        const isOther = served.some(({ method, path: other }) => method === verb && matches(other, url))
        if (!isOther && status !== 405 && status !== 404) wrong.push(`${verb} ${path}: ${status}`)
      }
    }
    t.diagnostic(`${resources.size} resources, ${asked} verbs that none of them serves`)
    assert.ok(resources.size > 50 && asked > 100)
    assert.deepEqual(wrong, [])
  })

  it('show nobody what they may not change, but for those who are named', () => {
    // Whoever may change a record may read it: a write that shows what a read hides would be a way around.
    const wrong = [...resources].flatMap(([path, operations]) => {
      const read = operations.find(({ method }) => method === 'GET')
      if (!read) return []
      const rows = (verb: string) => matrix.filter(({ operation }) => operation === `${verb} ${path}`)
      return operations.flatMap(({ method }) => {
        if (method === 'GET' || method === 'POST') return []
        return actors
          .filter((actor) => {
            const writes = rows(method).some(({ expect, when }) => !when && expect[actor] === 'ok')
            return writes && !rows('GET').some(({ expect }) => expect[actor] === 'ok')
          })
          .map((actor) => `${actor} may ${method} ${path} and not read it`)
      })
    })
    assert.deepEqual(wrong, [])
  })
})

function matches(path: string, url: string): boolean {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(url)
}
