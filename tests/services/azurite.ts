// Azurite, which speaks Azure's Blob API on this machine. It can be away, and is there again with what it held.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { BlobServiceClient } from '@azure/storage-blob'
import { freePort, temporaryDirectory, until } from '../processes.ts'

const program = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js')
export const account = 'devstoreaccount1'
/** Azurite's own, which everybody knows. */
const account_key = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

export type Azurite = Awaited<ReturnType<typeof startAzurite>>

/** With one empty container. */
export async function startAzurite(container: string) {
  const directory = temporaryDirectory()
  const port = await freePort()
  const connection_string = `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${account_key};BlobEndpoint=http://127.0.0.1:${port}/${account};`
  let running: ChildProcess
  async function comeBack() {
    const place = ['--blobPort', String(port), '--location', directory.path]
    const options = [...place, '--silent', '--skipApiVersionCheck', '--disableTelemetry']
    running = spawn(process.execPath, [program, ...options], { stdio: 'ignore' })
    await until('Azurite answers', async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)
      return answer !== undefined
    })
  }
  async function goAway() {
    // Asked to, it writes down what it holds.
    running.kill('SIGINT')
    if (running.exitCode === null && running.signalCode === null) await once(running, 'close')
  }
  await comeBack()
  await BlobServiceClient.fromConnectionString(connection_string).getContainerClient(container).create()
  return {
    connection_string,
    goAway,
    comeBack,
    async [Symbol.asyncDispose]() {
      await goAway()
      await directory.remove()
    },
  }
}
