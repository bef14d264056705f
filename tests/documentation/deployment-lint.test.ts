// deploy/, by what linters of Docker and the schemas of Kubernetes say: no image can be built and no cluster be had where tests run.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { validate } from 'dockerfile-utils'
import { certain } from '#platform/certain.ts'
import { type Manifest, manifests, readDeployed } from './deployed.ts'

async function assertKind(manifest: Manifest): Promise<void> {
  const { apiVersion, kind } = manifest
  const models = (await import(`kubernetes-models/${String(apiVersion)}/${kind}`)) as Record<
    string,
    new (given: unknown) => { validate(): void }
  >
  const Model = models[kind]
  assert.ok(Model, `${String(apiVersion)} ${kind}`)
  new Model(manifest).validate()
}

describe('what is deployed', () => {
  it('has a Dockerfile in which a linter finds nothing', () => {
    assert.deepEqual(validate(readDeployed('Dockerfile')), [])
    assert.equal(validate('FROM node\nRUNN npm ci\nEXPOSE eighty\n').length, 2)
  })

  it('has manifests as the schemas of Kubernetes have them', async () => {
    const all = manifests()
    for (const manifest of all) await assertKind(manifest)
    const [server] = all.filter(({ kind }) => kind === 'StatefulSet')
    const altered = structuredClone(certain(server, 'StatefulSet')) as Manifest & { spec: { replicas: unknown } }
    altered.spec.replicas = 'two'
    await assert.rejects(assertKind(altered), /replicas must be integer/)
  })
})
