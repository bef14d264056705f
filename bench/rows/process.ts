// Rows about the server's process: memory, start, import.
import { readMemory, type Running } from '../processes.ts'
import { AbsentError } from '../absent.ts'
import { measureStart } from '../openward.ts'
import type { Measured, Row, Side } from '../row.ts'
import { ports, type World } from '../world.ts'

async function weigh(running: Running): Promise<Measured> {
  const memory = await readMemory(running.pid)
  const largest = memory[0]
  if (largest === undefined) throw new AbsentError('memory is read from /proc, which this system does not have')
  const sum = memory.reduce((total, megabytes) => total + megabytes, 0)
  const detail = memory.length === 1 ? 'one process' : `${memory.length} processes, ${sum.toFixed(0)} MB together`
  return { value: largest, detail, errors: 0 }
}

const openward_memory: Side = {
  name: 'OpenWard',
  async prepare(world) {
    const { running, grow } = await world.openward()
    await grow(world.people)
    return () => weigh(running)
  },
}

const others_memory: readonly Side[] = [
  {
    name: 'bare Fastify',
    async prepare(world) {
      const { running } = await world.bare()
      return () => weigh(running)
    },
  },
  {
    name: 'reference',
    async prepare(world) {
      const { running } = await world.reference()
      return () => weigh(running)
    },
  },
]

export const memory_row: Row = {
  name: 'memory',
  requirement: 'resident memory of the largest server process after the load of the rows above',
  unit: 'MB',
  once: true,
  sides: [openward_memory, ...others_memory],
  promises: [{ at_most: 300 }],
}

export const memory_of_many_row: Row = {
  name: 'memory_of_many',
  requirement: 'resident memory of the server process, name index included',
  unit: 'MB',
  once: true,
  sides: [openward_memory],
  promises: [{ at_most: 700 }],
}

export const start_row: Row = {
  name: 'start',
  requirement: '`openward serve` with everything installed and its embedded database made before: ready within 3 s',
  unit: 's',
  once: true,
  sides: [
    {
      name: 'OpenWard',
      prepare: (world: World) => measureStart({ port: ports.started_openward, directory: world.directory }),
    },
  ],
  promises: [{ at_most: 3 }],
}

export const import_row: Row = {
  name: 'import',
  requirement: 'people imported from CSV, every row validated, sealed, indexed and audited',
  unit: 'people/s',
  once: true,
  sides: [
    {
      name: 'OpenWard',
      async prepare(world) {
        const openward = await world.openward()
        return async () => {
          const { people, seconds } = await openward.grow(world.people)
          return { value: people / seconds, detail: `${people} people in ${seconds.toFixed(1)} s`, errors: 0 }
        }
      },
    },
  ],
  promises: [{ at_least: 2000 }],
}
