import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { ContentMissing, StorageUnavailable } from './failures.ts'
import { openFolderTree } from './tree-folder.ts'
import { openTree } from './tree.ts'

let folder: string
const content = Buffer.from('of a run')
const all = (place: string, prefix = 'data') => Array.fromAsync(openFolderTree(place).list(prefix))

beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'openward-tree-'))))
afterEach(() => rmSync(folder, { recursive: true }))

describe('a tree in a folder', () => {
  it('lists what is there by its path, folder by folder, and nothing that was left half written', async () => {
    const tree = openFolderTree(folder)
    assert.deepEqual(await all(folder), [])
    for (const path of ['data/b/2', 'data/a=1/1', 'data/c', 'other/d']) await tree.put(path, content)
    writeFileSync(join(folder, 'data/.unfinished-0011223344556677'), 'half')
    assert.deepEqual(await all(folder), ['data/a=1/1', 'data/b/2', 'data/c'])
  })

  it('has a file of one who creates it, however many try, and says who that is', async () => {
    const tree = openFolderTree(folder)
    const tried = await Promise.all(['x', 'y', 'z'].map((text) => tree.create('lock', Buffer.from(text))))
    assert.equal(tried.filter(Boolean).length, 1)
    assert.equal((await tree.read('lock')).toString(), 'xyz'.charAt(tried.indexOf(true)))
    assert.deepEqual(readdirSync(folder), ['lock'])
  })

  it('removes a file, also one that is gone already, and then has none to read', async () => {
    const tree = openFolderTree(folder)
    await tree.put('data/a', content)
    for (let times = 0; times < 2; times += 1) await tree.remove('data/a')
    await assert.rejects(tree.read('data/a'), ContentMissing)
  })

  it('never leads elsewhere', async () => {
    const tree = openFolderTree(folder)
    for (const path of ['../a', 'data/../../a', '/a', '.a', 'data//a', ''])
      await assert.rejects(tree.put(path, content), RangeError)
    assert.deepEqual(readdirSync(folder), [])
  })

  it('takes a folder in the way of a file, and a name that is too long, for one that it cannot use', async () => {
    const tree = openFolderTree(folder)
    mkdirSync(join(folder, 'data'))
    await assert.rejects(tree.put('data', content), StorageUnavailable)
    await assert.rejects(tree.remove('data'), StorageUnavailable)
    await assert.rejects(tree.read('data'), StorageUnavailable)
    await assert.rejects(tree.create('x'.repeat(300), content), StorageUnavailable)
    assert.deepEqual(readdirSync(folder), ['data'])
  })

  it('that is a file cannot be used, and readiness says so', async () => {
    const place = join(folder, 'file')
    assert.deepEqual(await openTree({ folder: place }).check(), { status: 'ok' })
    rmSync(place, { recursive: true })
    writeFileSync(place, '')
    const tree = openTree({ folder: place })
    await assert.rejects(tree.put('data/a', content), StorageUnavailable)
    await assert.rejects(all(place), StorageUnavailable)
    assert.deepEqual(await tree.check(), {
      status: 'degraded',
      detail: 'The folder of the warehouse cannot be reached',
    })
  })

  it('is not to blame for a file that is larger than anybody can read at once', async () => {
    writeFileSync(join(folder, 'huge'), '')
    truncateSync(join(folder, 'huge'), 5 * 2 ** 30)
    await assert.rejects(openFolderTree(folder).read('huge'), { code: 'ERR_FS_FILE_TOO_LARGE' })
  })

  it('that is full says so, and keeps nothing of what it did not take', { skip: process.platform === 'win32' }, () => {
    // No file may grow beyond 16 384 blocks, as on a file system that has no room for more.
    const script = `
      import { openFolderTree } from './server/platform/storage/tree-folder.ts'
      const put = openFolderTree(process.argv[1]).put('data/a', Buffer.alloc(2 ** 25))
      console.log(await put.then(() => 'taken', (error) => error.constructor.name))`
    const limited = ['-c', 'ulimit -S -f 16384 && exec "$@"', 'sh', process.execPath, '--input-type=module']
    const told = execFileSync('sh', [...limited, '-e', script, folder], { encoding: 'utf8' })
    assert.equal(told.trim(), 'StorageFull')
    assert.deepEqual(readdirSync(join(folder, 'data')), [])
  })
})

describe('a tree in a container', () => {
  it('that does not answer is told as such', async () => {
    const connection_string = 'AccountName=analysts;AccountKey=eA==;BlobEndpoint=http://127.0.0.1:1/analysts'
    const tree = openTree({ account: 'analysts', container: 'warehouse', path: 'north', connection_string })
    assert.deepEqual(await tree.check(), {
      status: 'degraded',
      detail: 'The container of the warehouse does not answer',
    })
  })
})
