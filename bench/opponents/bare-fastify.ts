// The least that a web route over a record can be: Fastify, one primary-key select by a named statement through `pg`, and
// the row as JSON. No authentication, scope, decryption, validation or audit. Run in a process of its own.
import Fastify from 'fastify'
import { Pool, types } from 'pg'

const [port, database_url] = process.argv.slice(2)
if (!port || !database_url) throw new Error('usage: bare-fastify.ts <port> <database url>')

// Sealed columns and instants are passed on as the text that PostgreSQL sends: parsing them would only slow this side.
const bytea = 17
const timestamptz = 1184
for (const type of [bytea, timestamptz]) types.setTypeParser(type, (text: string) => text)

const pool = new Pool({ connectionString: database_url, max: 10 })
const app = Fastify()

app.get<{ Params: { id: string } }>('/patients/:id', async (request, reply) => {
  const { rows } = await pool.query({
    name: 'patient_by_id',
    text: 'select * from patients where id = $1',
    values: [request.params.id],
  })
  if (!rows[0]) return reply.code(404).send()
  return rows[0]
})

app.get('/health', () => ({ status: 'ok' }))

await app.listen({ port: Number(port), host: '127.0.0.1' })
