import assert from 'node:assert/strict'
import Fastify from 'fastify'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { installConsole } from './console.ts'

const script = 'console.log("as it is")'

describe('the console', () => {
  const folder = mkdtempSync(join(tmpdir(), 'openward-built-'))
  const app = Fastify()
  before(async () => {
    mkdirSync(join(folder, 'assets'))
    writeFileSync(join(folder, 'index.html'), '<meta content="__NONCE__" /><p>$& stays</p>')
    writeFileSync(join(folder, 'addresses.json'), '["/", "/patients/:patient_id"]')
    writeFileSync(join(folder, 'assets/index-1.js'), script)
    for (const extension of ['br', 'gz']) writeFileSync(join(folder, `assets/index-1.js.${extension}`), extension)
    writeFileSync(join(folder, 'assets/small-2.css'), 'p {}')
    writeFileSync(join(folder, 'secret.js'), 'not an asset')
    assert.equal(installConsole(app, folder), true)
    await app.ready()
  })
  after(async () => {
    await app.close()
    rmSync(folder, { recursive: true })
  })
  const ask = (url: string, headers: Record<string, string> = {}) => app.inject({ url, headers })

  it('is at its addresses, with the nonce of its policy in the page', async () => {
    for (const url of ['/', '/patients/42']) {
      const { statusCode, headers, body } = await ask(url)
      const nonce = /'nonce-([^']+)'/.exec(String(headers['content-security-policy']))?.[1]
      assert.deepEqual([statusCode, body], [200, `<meta content="${nonce}" /><p>$& stays</p>`])
    }
    assert.equal((await ask('/patients')).statusCode, 404)
  })

  const accepted: [accepts: string, encoding: string | undefined, body: string][] = [
    ['gzip, deflate, br', 'br', 'br'],
    ['gzip', 'gzip', 'gz'],
    ['identity', undefined, script],
    ['', undefined, script],
  ]
  for (const [accepts, encoding, body] of accepted) {
    it(`sends ${encoding ?? 'the file itself'} to whoever accepts ${accepts || 'nothing in particular'}`, async () => {
      const answer = await ask('/assets/index-1.js', accepts === '' ? {} : { 'accept-encoding': accepts })
      assert.deepEqual([answer.headers['content-encoding'], answer.body], [encoding, body])
      assert.equal(answer.headers['content-type'], 'text/javascript; charset=utf-8')
      assert.equal(answer.headers['cache-control'], 'public, max-age=31536000, immutable')
    })
  }

  it('sends a file that compression did not make smaller as it is', async () => {
    const { headers, body } = await ask('/assets/small-2.css', { 'accept-encoding': 'br' })
    assert.deepEqual([headers['content-encoding'], body], [undefined, 'p {}'])
  })

  it('sends nothing from elsewhere, whatever the address says', async () => {
    for (const name of ['..%2fsecret.js', '../secret.js', '%2e%2e%2fsecret.js', 'index-1.js.br', 'none.js', '%00.js']) {
      assert.ok([400, 404].includes((await ask(`/assets/${name}`)).statusCode), name)
    }
  })

  it('is absent where it was not built', () => {
    assert.equal(installConsole(Fastify(), join(folder, 'nowhere')), false)
  })
})
