// One hospital in the shapes in which it can be run: one process, four services behind one address, two equal servers; and the last with
// somebody between who holds each answer against its contract.
import { serviceNames, type ServiceName } from '#platform/services/variables.ts'
import { startGateway } from '../server/gateway.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { type Front, startNginx } from './nginx-front.ts'
import { startPrism } from './prism-front.ts'
import { freePort, type ServerProcess } from './processes.ts'

const shapes = ['one', 'services', 'two', 'judged'] as const
export type Shape = (typeof shapes)[number]

export type Hospital = {
  cluster: Cluster
  /** What people use. */
  port: number
  /** For `runOpenward`. */
  installation: { data_directory: string; environment: Record<string, string> }
  stop: () => Promise<void>
}

/** Of the shape that OPENWARD_TEST_SHAPE names: one process unless it says otherwise. */
export async function startHospital({ environment }: { environment: Record<string, string> }): Promise<Hospital> {
  const named = process.env['OPENWARD_TEST_SHAPE'] ?? 'one'
  const shape = shapes.find((one) => one === named)
  if (!shape) throw new Error(`OPENWARD_TEST_SHAPE=${named} is none of ${shapes.join(', ')}`)
  const cluster = await startCluster()
  // Whichever process takes a document, each can show it.
  const shared = { ...environment, STORAGE_URL: `file:${cluster.directory}/documents` }
  const installation = {
    data_directory: `${cluster.directory}/server-1`,
    environment: { ...cluster.environment, STORAGE_URL: shared.STORAGE_URL },
  }
  const begin = async () => {
    if (shape === 'one')
      return { port: (await cluster.serve({ environment: shared })).port, stop: async () => undefined }
    const proxied = { ...shared, OPENWARD_TRUSTED_PROXIES: '127.0.0.1' }
    if (shape === 'two' || shape === 'judged') {
      const redis = process.env['REDIS_TEST_URL']
      const environment = { ...proxied, ...(redis === undefined ? {} : { REDIS_URL: redis }) }
      const equal = await Promise.all([0, 1].map(() => cluster.serve({ environment })))
      const [one, other] = equal.map(({ port }) => port)
      const ports = new Map([
        [8000, one ?? 0],
        [8010, other ?? 0],
      ])
      const front = await startNginx({ directory: cluster.directory, servers: 'equal.conf', ports })
      return shape === 'two' ? front : startJudged(cluster, front)
    }
    const services = await startServices(cluster, proxied)
    const ports = new Map(serviceNames.map((name) => [shippedPorts[name], services[name].port]))
    return startNginx({ directory: cluster.directory, servers: 'services.conf', ports })
  }
  try {
    const front = await begin()
    return {
      cluster,
      port: front.port,
      installation,
      async stop() {
        try {
          await front.stop()
        } finally {
          await cluster.stop()
        }
      },
    }
  } catch (error) {
    await cluster.stop()
    throw error
  }
}

async function startJudged({ directory }: Cluster, front: Front) {
  const judge = await startPrism({ directory, port: front.port }).catch(async (error: unknown) => {
    await front.stop()
    throw error
  })
  return {
    port: judge.port,
    async stop() {
      try {
        await judge.stop()
      } finally {
        await front.stop()
      }
    },
  }
}

/** As deploy/nginx/services.conf has them. */
export const shippedPorts: Record<ServiceName, number> = {
  records: 8000,
  auth: 8001,
  appointments: 8002,
  prescriptions: 8003,
}

export type Services = Record<ServiceName, ServerProcess>

/** Where each of them is to answer. */
export async function findAddresses(): Promise<Record<ServiceName, number>> {
  const [auth, appointments, prescriptions, records] = await Promise.all(serviceNames.map(freePort))
  return { auth: auth ?? 0, appointments: appointments ?? 0, prescriptions: prescriptions ?? 0, records: records ?? 0 }
}

/** Starts one of four services, as one that may be away for a while. */
export function startService(
  cluster: Cluster,
  name: ServiceName,
  addresses: Record<ServiceName, number>,
  environment: Record<string, string> = {},
): Promise<ServerProcess> {
  const urls = serviceNames.map((other) => `${other}=http://127.0.0.1:${addresses[other]}`)
  return cluster.serve({
    port: addresses[name],
    environment: { ...environment, OPENWARD_SERVICES: name, OPENWARD_SERVICE_URLS: urls.join(',') },
  })
}

export async function startServices(cluster: Cluster, environment: Record<string, string> = {}): Promise<Services> {
  const addresses = await findAddresses()
  const start = (name: ServiceName) => startService(cluster, name, addresses, environment)
  const [auth, appointments, prescriptions, records] = await Promise.all([
    start('auth'),
    start('appointments'),
    start('prescriptions'),
    start('records'),
  ])
  return { auth, appointments, prescriptions, records }
}

/** The address for all that `openward services` has. */
export function startDevelopmentGateway(services: Services) {
  return startGateway({
    host: '127.0.0.1',
    port: 0,
    services: serviceNames.map((name) => ({ name, url: `http://127.0.0.1:${services[name].port}` })),
  })
}
