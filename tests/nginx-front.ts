// Debian's nginx with the configuration that ships in deploy/nginx, before servers of a test.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, statusOf, until } from './processes.ts'

export const nginx = ['/usr/sbin/nginx', '/usr/local/bin/nginx'].find((path) => existsSync(path))
const shipped = join(dirname(dirname(fileURLToPath(import.meta.url))), 'deploy/nginx')

export type Front = {
  port: number
  /** As an administrator edits it: the text of services.conf or equal.conf as it is now, and a reload. */
  change: (edit: (text: string) => string) => Promise<void>
  stop: () => Promise<void>
}

/** With its main configuration, as a child of this process. */
export function spawnNginx(folder: string, configuration: string) {
  // Nobody else owns the folder; as root its workers would be others.
  const user = process.getuid?.() === 0 ? 'user root; ' : ''
  const words = ['-p', folder, '-c', configuration, '-g', `${user}daemon off;`]
  return spawn(nginx ?? 'nginx', words, { stdio: ['ignore', 'ignore', 'pipe'] })
}

/** `ports`: of the file's, the ones that are meant here instead. */
export async function startNginx({
  directory,
  servers,
  ports,
}: {
  directory: string
  servers: 'services.conf' | 'equal.conf'
  ports: ReadonlyMap<number, number>
}): Promise<Front> {
  if (!nginx) throw new Error('nginx is not installed')
  const folder = join(directory, 'front')
  mkdirSync(folder, { recursive: true })
  const port = await freePort()
  let upstreams = readFileSync(join(shipped, servers), 'utf8')
  for (const [written, real] of ports) {
    const line = `server 127.0.0.1:${written};`
    if (upstreams.split(line).length !== 2) throw new Error(`${servers} does not say once: ${line}`)
    upstreams = upstreams.replace(line, `server 127.0.0.1:${real};`)
  }
  const path = join(folder, servers)
  writeFileSync(path, upstreams)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path ${folder}/${of};`)
  const main = join(folder, 'nginx.conf')
  writeFileSync(
    main,
    `pid ${folder}/nginx.pid; error_log ${folder}/error.log notice; worker_processes 1; events { worker_connections 512; }
     http {
       ${temporary.join(' ')}
       include ${path};
       include ${shipped}/answers.conf;
       server { listen 127.0.0.1:${port}; access_log ${folder}/access.log openward; include ${shipped}/locations.conf; }
     }`,
  )
  const child = spawnNginx(folder, main)
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => void (said += chunk.toString()))
  const ended = once(child, 'exit')
  await until('nginx answers', async () => {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${said}`)
    return (await statusOf({ port }, '/metrics')) === 404
  }).catch((error: unknown) => {
    child.kill('SIGTERM')
    throw error
  })
  const workers = () => readFileSync(join(folder, 'error.log'), 'utf8').split('start worker processes').length
  return {
    port,
    async change(edit) {
      upstreams = edit(upstreams)
      writeFileSync(path, upstreams)
      const had = workers()
      child.kill('SIGHUP')
      await until('nginx has read its configuration again', () => workers() > had)
    },
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}
