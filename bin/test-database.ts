// `openward test-database`: a PostgreSQL for many test runs in a row, until Ctrl-C.
import { parseArgs } from 'node:util'
import { startTestCluster } from './test-cluster.ts'

const { values } = parseArgs({ options: { port: { type: 'string', default: '5599' }, help: { type: 'boolean' } } })

if (values.help) {
  process.stdout.write('openward test-database [--port 5599]\n\nSee also: openward test --help\n')
} else {
  const ended = new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, resolve)
  })
  const cluster = await startTestCluster({ port: Number(values.port) })
  process.stdout.write(`In another terminal:\n\n  export TEST_DATABASE_URL='${cluster.url}'\n\nCtrl-C ends it.\n`)
  const awake = setInterval(() => {}, 60_000)
  await ended
  clearInterval(awake)
  await cluster.stop()
}
